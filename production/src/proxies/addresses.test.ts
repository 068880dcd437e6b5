import { describe, expect, it } from 'vitest'
import { SERVERS } from '../servers/all.ts'
import { behind, openForTest, untilSize } from './behind.ts'
import { AS_DOCUMENTED } from './forms.ts'
import { NGINX_AS_DOCUMENTED } from './nginx.ts'
import { expectRefusal } from './refusal.ts'
import { StreamClient } from './stream-client.ts'

/** Two clients; the proxy is at 127.0.0.1. */
const ONE = '127.0.0.2'
const OTHER = '127.0.0.3'

/** What a client may say to be taken for somebody else. */
const FORGED = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9' }

/** Those that can tell the proxy from a client that comes past it. */
const KNOWING_THEIR_PROXY = new Set(['express', 'fastify', 'nest-express', 'nest-fastify'])

describe.each(AS_DOCUMENTED)('limits per address behind $name', (form) => {
  const scene = behind(form, { hub: { limits: { perAddress: 2 } }, isBehindProxy: true })

  describe.each(SERVERS)('of $name', ({ name }) => {
    it('count the client, whatever it says of itself', async (context) => {
      const { url, backend } = await scene(context)
      const feed = `${url}/${name}/feed`
      const first = await openForTest(feed, { localAddress: ONE })
      await openForTest(feed, { localAddress: ONE, headers: FORGED })
      await untilSize(backend(name), 2)
      expect(Array.from(backend(name).hub.connections, ({ address }) => address)).toEqual([ONE, ONE])
      await expectRefusal(feed, 429, { localAddress: ONE })
      await expectRefusal(feed, 429, { localAddress: ONE, headers: FORGED })
      const other = await openForTest(feed, { localAddress: OTHER })
      await other.firstFrame()
      await untilSize(backend(name), 3)
      // Who has left makes room.
      first.leave()
      await untilSize(backend(name), 2)
      await openForTest(feed, { localAddress: ONE })
      await untilSize(backend(name), 3)
      expect(backend(name).hub.stats().closed.limit).toBe(0)
    })
  })
})

describe('limits per address', () => {
  const believing = behind(NGINX_AS_DOCUMENTED, { hub: { limits: { perAddress: 1 } }, isBehindProxy: true })
  const doubting = behind(NGINX_AS_DOCUMENTED, { hub: { limits: { perAddress: 1 } } })

  it.for(SERVERS.filter(({ name }) => KNOWING_THEIR_PROXY.has(name)))(
    'count a client that comes past the proxy of $name, whatever it says of itself',
    async ({ name }, context) => {
      const { backend } = await believing(context)
      await openForTest(`http://127.0.0.1:${backend(name).port}/feed`, { localAddress: ONE, headers: FORGED })
      await untilSize(backend(name), 1)
      expect(Array.from(backend(name).hub.connections, ({ address }) => address)).toEqual([ONE])
    },
  )

  it.for(SERVERS)('count all for one where $name was not told of the proxy', async ({ name }, context) => {
    const { url, backend } = await doubting(context)
    await openForTest(`${url}/${name}/feed`, { localAddress: ONE })
    const other = await StreamClient.open(`${url}/${name}/feed`, { localAddress: OTHER })
    expect(await other.ending).toBe('ended')
    expect(Array.from(backend(name).hub.connections, ({ address }) => address)).toEqual(['127.0.0.1'])
  })
})
