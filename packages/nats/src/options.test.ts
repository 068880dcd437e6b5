import { describe, expect, it } from 'vitest'
import { natsSettings } from './options.ts'

/** What an application might pass that types do not keep it from. */
function settingsOf(options: unknown): unknown {
  return Reflect.apply(natsSettings, undefined, [options])
}

const servers = 'nats://localhost:4222'

describe('natsSettings', () => {
  it('has a default for all but where NATS is', () => {
    expect(settingsOf({ servers })).toMatchObject({
      stream: 'sse',
      subject: 'sse.sse',
      maxBytes: undefined,
      replicas: 1,
      storage: 'file',
      publishTimeout: 5_000,
      probeInterval: 2_000,
    })
  })

  it.each([
    ['nothing', undefined, /takes an object/],
    ['neither connection nor servers', {}, /`connection` or `servers`/],
    ['both', { servers, connection: () => {} }, /one of them/],
    ['no servers', { servers: [] }, /`servers`/],
    ['a server without a name', { servers: ['', servers] }, /`servers`/],
    ['a server that is a web page', { servers: 'http://localhost:4222/nats' }, /`servers`/],
    ['a password with a % that encodes nothing', { servers: 'nats://me:100%@localhost' }, /`servers`/],
    ['servers in one text', { servers: 'nats://one:4222,two:4222' }, /`servers`/],
    ['servers that are no text', { servers: [4222] }, /`servers`/],
    ['a connection that is none', { connection: 'nats://localhost' }, /`connection`/],
    ['an option that there is not', { servers, maxEvent: 5 }, /`maxEvent`/],
    ['a stream with a dot', { servers, stream: 'a.b' }, /`stream`/],
    ['a stream with a wildcard', { servers, stream: '*' }, /`stream`/],
    ['no stream', { servers, stream: '' }, /`stream`/],
    ['no events', { servers, maxEvents: 0 }, /`maxEvents`.*from 1/],
    ['half an event', { servers, maxEvents: 1.5 }, /`maxEvents`/],
    ['no bytes', { servers, maxBytes: 0 }, /`maxBytes`/],
    ['six replicas', { servers, replicas: 6 }, /`replicas`.*from 1 to 5/],
    ['storage in the clouds', { servers, storage: 's3' }, /`storage`.*'file' or 'memory'/],
    ['no time to publish', { servers, publishTimeout: 0 }, /`publishTimeout`/],
    ['publishTimeout: true', { servers, publishTimeout: true }, /`publishTimeout`/],
    ['more probes than a server takes', { servers, probeInterval: 99 }, /`probeInterval`.*from 100 to 60000/],
    ['an onError that is none', { servers, onError: 'log' }, /`onError`/],
  ])('refuses %s', (_, options, message) => {
    expect(() => settingsOf(options)).toThrow(
      expect.objectContaining({ name: 'SseError', code: 'SSE_INVALID_FIELD', message: expect.stringMatching(message) }),
    )
  })
})
