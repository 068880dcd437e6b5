import { createClient } from 'redis'
import { describe, expect, it, vi } from 'vitest'
import { redisSettings } from './options.ts'

const url = 'redis://localhost:6379'

describe('redisSettings', () => {
  it('has defaults', () => {
    const settings = redisSettings({ url })
    expect(settings).toMatchObject({
      stream: 'sse',
      hash: '{sse}:log',
      failover: 'gap',
      publishTimeout: 5_000,
      probeInterval: 2_000,
    })
    expect(settings.writerKey('w')).toBe('{sse}:writer:w')
    expect(settings.retention.maxEvents).toBe(20_000)
    expect(settings.endpoint.name).toBe('localhost:6379')
  })

  it('keeps all keys in the slot of the stream, behind the prefix of the client', () => {
    const keysOf = (key: string, keyPrefix?: string): string[] => {
      const client = createClient(keyPrefix === undefined ? {} : { keyPrefix })
      const { stream, hash, writerKey } = redisSettings({ client, key })
      return [stream, hash, writerKey('w')]
    }
    expect(keysOf('news')).toEqual(['news', '{news}:log', '{news}:writer:w'])
    expect(keysOf('{app}:news')).toEqual(['{app}:news', '{app}:news:log', '{app}:news:writer:w'])
    expect(keysOf('news', 'app:')).toEqual(['app:news', '{app:news}:log', '{app:news}:writer:w'])
    expect(keysOf('news', '{app}:')).toEqual(['{app}:news', '{app}:news:log', '{app}:news:writer:w'])
  })

  it.each(['{', '}', 'a{b', 'a}b{c}', '{}', '{}a'])('refuses the key %j, whose slot nobody would guess', (key) => {
    expect(() => redisSettings({ url, key })).toThrow(/^Option `key` has braces that are no hash tag/)
  })

  it.each([
    { key: 5 },
    { maxEvents: 0 },
    { maxEvents: 1.5 },
    { failover: 'maybe' },
    { publishTimeout: 0 },
    { publishTimeout: true },
    { publishTimeout: 2 ** 31 },
    { probeInterval: 9 },
    { probeInterval: 60_001 },
    { onError: 'console' },
    { retention: 5 },
  ])('refuses %j, naming it', (option) => {
    const [name] = Object.keys(option)
    expect(() => Reflect.apply(redisSettings, undefined, [{ url, ...option }])).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${name}\``) }),
    )
  })

  it('refuses what is no object', () => {
    for (const options of [undefined, null, url]) {
      expect(() => Reflect.apply(redisSettings, undefined, [options])).toThrow(/takes an object with `client` or `url`/)
    }
  })

  it('tells the console what nobody else hears, and what the handler throws', () => {
    const error = vi.spyOn(console, 'error').mockReturnValue()
    const { onError } = redisSettings({
      url,
      onError: () => {
        throw new Error('from the handler')
      },
    })
    expect(() => Reflect.apply(onError, undefined, [new Error('said')])).not.toThrow()
    expect(error).toHaveBeenCalledWith('@sse/redis:', expect.objectContaining({ message: 'from the handler' }))
    error.mockRestore()
  })
})
