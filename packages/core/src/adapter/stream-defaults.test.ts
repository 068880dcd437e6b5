import { describe, expect, it } from 'vitest'
import { createHub } from '../hub/hub.ts'
import { completeWith } from './stream-defaults.ts'

/** Nothing of it is read here but what the application's own functions read. */
const REQUEST = { method: 'GET' }

describe('completeWith', () => {
  it('gives a stream without options all defaults', () => {
    const hub = createHub()
    const onError = (): void => {}
    const complete = completeWith(
      { headers: { 'X-App': '1' }, retry: 1, commitAfter: 2, maxBufferedBytes: 3, expiresAt: 4, onError },
      hub,
    )
    expect(complete(REQUEST)).toEqual({
      hub,
      headers: { 'X-App': '1' },
      retry: 1,
      commitAfter: 2,
      maxBufferedBytes: 3,
      expiresAt: 4,
      onError,
      principal: undefined,
      address: undefined,
    })
  })

  it('takes what a call gives before a default, also where it is 0 or empty', () => {
    const [hub, other] = [createHub(), createHub()]
    const complete = completeWith({ retry: 1, commitAfter: 2, principal: () => 'ada', expiresAt: 4 }, hub)
    const own = { hub: other, retry: 0, commitAfter: 0, principal: '', expiresAt: 0, status: 201, address: 'here' }
    expect(complete(REQUEST, own)).toMatchObject(own)
  })

  it('takes a default where a call says `undefined`', () => {
    const complete = completeWith({ retry: 1, principal: ({ method }: typeof REQUEST) => method }, createHub())
    expect(complete(REQUEST, { retry: undefined, principal: undefined })).toMatchObject({ retry: 1, principal: 'GET' })
  })

  it.each(['principal', 'address'] as const)('asks for its %s only where the call names none', (name) => {
    const ask = (): string => {
      throw new Error('asked')
    }
    const complete = completeWith({ [name]: ask }, createHub())
    expect(complete(REQUEST, { [name]: 'ada' })[name]).toBe('ada')
    expect(() => complete(REQUEST)).toThrow('asked')
    expect(completeWith({ [name]: () => 'eve' }, createHub())(REQUEST)[name]).toBe('eve')
  })

  it.each(['principal', 'address'])('refuses a %s that is no function of the request', (name) => {
    expect(() => completeWith({ [name]: 'ada' }, createHub())).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${name}\``) }),
    )
  })

  it('keeps headers that can be read once for all streams', () => {
    const headers = new Map([['X-App', '1']]).entries()
    const complete = completeWith({ headers }, createHub())
    expect(complete(REQUEST).headers).toEqual({ 'X-App': '1' })
    expect(complete(REQUEST).headers).toEqual({ 'X-App': '1' })
  })

  it('completes headers by name, however it is spelled, and keeps all their values', () => {
    const complete = completeWith({ headers: { 'X-App': '1', 'Set-Cookie': ['a=1', 'b=2'] } }, createHub())
    expect(complete(REQUEST, { headers: new Headers({ 'x-app': '2', 'x-own': '3' }) }).headers).toEqual({
      'Set-Cookie': ['a=1', 'b=2'],
      'x-app': '2',
      'x-own': '3',
    })
  })
})
