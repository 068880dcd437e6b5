import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { headerEntries, STREAM_HEADERS, type StreamHeaders } from './headers.ts'

describe('STREAM_HEADERS', () => {
  it('[H9] [P1] [P2] [P3] spells the charset as Chromium wants it, and keeps proxies and caches out', () => {
    expect(STREAM_HEADERS).toEqual({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
    })
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(STREAM_HEADERS)).toBe(true)
  })
})

describe('headerEntries', () => {
  it('[H2] keeps every Set-Cookie, whatever the form', () => {
    const web = new Headers({ 'X-A': '1' })
    web.append('Set-Cookie', 'a=1; Expires=Sun, 01 Nov 2026 00:00:00 GMT')
    web.append('Set-Cookie', 'b=2')
    const cookies = ['a=1; Expires=Sun, 01 Nov 2026 00:00:00 GMT', 'b=2']
    const byName = (headers: StreamHeaders): object =>
      Object.fromEntries(headerEntries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    const forms: StreamHeaders[] = [
      web,
      { 'X-A': '1', 'Set-Cookie': cookies },
      { 'Set-Cookie': 'a=1; Expires=Sun, 01 Nov 2026 00:00:00 GMT', 'X-A': '1', 'set-cookie': ['b=2'] },
      [['X-A', '1'], ...cookies.map((cookie) => ['set-cookie', cookie] as const)],
      new Map([['X-A', '1']]),
    ]
    for (const form of forms.slice(0, 4)) expect(byName(form)).toEqual({ 'x-a': '1', 'set-cookie': cookies })
    expect(byName(forms[4] ?? {})).toEqual({ 'x-a': '1' })
  })

  it('[H2] reaches a client of node:http with every Set-Cookie', async () => {
    const server = createServer((_, res) => {
      for (const [name, value] of headerEntries({ 'Set-Cookie': ['a=1', 'b=2'], Vary: 'Cookie' }))
        res.setHeader(name, value)
      res.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const { headers } = await fetch(`http://127.0.0.1:${port}/`)
    server.close()
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(headers.get('vary')).toBe('Cookie')
  })

  it('gives each name once, in the spelling that came first', () => {
    expect(
      headerEntries([
        ['Vary', 'A'],
        ['vary', 'B'],
      ]),
    ).toEqual([['Vary', ['A', 'B']]])
    expect(headerEntries({ VARY: 'A' })).toEqual([['VARY', 'A']])
  })

  it('gives nothing for nothing', () => {
    expect(headerEntries(undefined)).toEqual([])
    expect(headerEntries({})).toEqual([])
    expect(headerEntries({ 'Set-Cookie': [] })).toEqual([])
  })

  it.each(['Transfer-Encoding', 'connection', 'Keep-Alive', 'CONTENT-LENGTH', 'Upgrade', 'proxy-connection'])(
    '[H2] refuses %s, which belongs to the connection',
    (name) => {
      const refused = expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(name) })
      expect(() => headerEntries({ 'X-A': '1', [name]: '1' })).toThrow(refused)
      expect(() => headerEntries([[name, '1']])).toThrow(refused)
    },
  )

  it.each(['a\r\nX-Forged: 1', 'a\n', '\r', 'a\0', '\x7f', '\x01', '€'])('refuses the value %j', (value) => {
    const refused = expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`X-A`') })
    expect(() => headerEntries({ 'X-A': value })).toThrow(refused)
    expect(() => headerEntries({ 'X-A': ['fine', value] })).toThrow(refused)
    expect(() => headerEntries([['X-A', value]])).toThrow(refused)
  })

  it.each(['', 'X A', 'X-A:', 'X\r\nY', 'é', '(x)', 'a/b'])('refuses the name %j', (name) => {
    expect(() => headerEntries([[name, 'v']])).toThrow(expect.objectContaining({ code: 'SSE_INVALID_FIELD' }))
  })

  it.each([1, null, undefined, {}])('refuses %s for a value', (value) => {
    expect(() => headerEntries({ 'X-A': value } as unknown as StreamHeaders)).toThrow(/`X-A`/)
  })

  it('takes every character that HTTP carries', () => {
    const value = '\t !"#~\x80\xff'
    expect(headerEntries({ "!#$%&'*+-.^_`|~09AZaz": value })).toEqual([["!#$%&'*+-.^_`|~09AZaz", value]])
  })
})
