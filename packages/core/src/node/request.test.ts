import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { lastEventIdOf } from './request.ts'

describe('lastEventIdOf', () => {
  it('takes the header, else the query', () => {
    expect(lastEventIdOf(requestFor('/', 'h')).id).toBe('h')
    expect(lastEventIdOf(requestFor('/?lastEventId=q')).id).toBe('q')
    expect(lastEventIdOf(requestFor('/?lastEventId=q', 'h')).id).toBe('h')
    expect(lastEventIdOf(requestFor('/?lastEventId=q', '')).id).toBeUndefined()
    expect(lastEventIdOf(requestFor('/'))).toEqual({ id: undefined, refused: false })
  })

  it.each([
    '//',
    '//?lastEventId=q',
    '?lastEventId=q',
    '*',
    'http://[::bad/?lastEventId=q',
    '/%?lastEventId=q',
    '/\\?x',
  ])('[H10] reads no more of a URL than its query: %s', (url) => {
    expect(lastEventIdOf(requestFor(url)).id).toBe(url.includes('lastEventId') ? 'q' : undefined)
  })

  it('takes the first of several, and is not fooled by what looks like it', () => {
    expect(lastEventIdOf(requestFor('/?lastEventId=1&lastEventId=2')).id).toBe('1')
    expect(lastEventIdOf(requestFor('/lastEventId=1')).id).toBeUndefined()
    expect(lastEventIdOf(requestFor('/?xlastEventId=1')).id).toBeUndefined()
    expect(lastEventIdOf(requestFor('/?x=?lastEventId=1')).id).toBeUndefined()
  })

  it('refuses what is too long', () => {
    expect(lastEventIdOf(requestFor('/', 'x'.repeat(257)))).toEqual({ id: undefined, refused: true })
    expect(lastEventIdOf(requestFor(`/?lastEventId=${'x'.repeat(100_000)}`))).toEqual({ id: undefined, refused: true })
  })
})

function requestFor(url: string, lastEventId?: string): IncomingMessage {
  const request = new IncomingMessage(new Socket())
  request.url = url
  if (lastEventId !== undefined) request.headers['last-event-id'] = lastEventId
  return request
}
