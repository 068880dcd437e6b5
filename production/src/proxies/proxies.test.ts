import { median } from '@sse/tooling/median'
import { describe, expect, it } from 'vitest'
import { SERVERS } from '../servers/all.ts'
import { behind, openForTest, untilSize } from './behind.ts'
import { FORMS } from './forms.ts'
import { HAPROXY_BY_DEFAULT } from './haproxy.ts'
import { expectRefusal } from './refusal.ts'
import { type StreamClient, within } from './stream-client.ts'

// That one holds events, and has a test for it.
describe.each(FORMS.filter((form) => form !== HAPROXY_BY_DEFAULT))('a stream behind $name', (form) => {
  // Without anything to send: a disconnect shows by itself. A proxy that waits for something to send gets it often.
  const heartbeat = form.noticesWhenWriting === true ? 50 : 15_000
  const scene = behind(form, { hub: { heartbeat } })

  describe.each(SERVERS)('of $name', ({ name }) => {
    it('[P1] [P4] [H3] begins at once, with its head and its first frame', async (context) => {
      const { url } = await scene(context)
      const times: number[] = []
      for (let n = 0; n < 3; n++) {
        const client = await openForTest(`${url}/${name}/feed`)
        expect(client.headers).toMatchObject({
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-cache, no-transform',
        })
        times.push(await client.firstFrame())
      }
      // A machine may be busy; a proxy that holds something does it each time.
      expect(Math.min(...times)).toBeLessThan(200)
    })

    it('[P1] [P4] passes on each event before the next is published', async (context) => {
      const { url, backend } = await scene(context)
      const client = await openForTest(`${url}/${name}/feed`, { headers: { 'accept-encoding': 'gzip' } })
      const delays: number[] = []
      for (let n = 0; n < 9; n++) {
        const publishedAt = performance.now()
        await backend(name).hub.publish('feed', { data: String(n) })
        const { data, at } = await client.next()
        expect(data).toBe(String(n))
        delays.push(at - publishedAt)
      }
      expect(median(delays)).toBeLessThan(100)
    })

    it('[P2] has clients of its own, though they ask for the same at the same time', async (context) => {
      const { url, backend } = await scene(context)
      await untilSize(backend(name), 0)
      const open = (): Promise<StreamClient> => openForTest(`${url}/${name}/feed`)
      const clients = await Promise.all([open(), open(), open()])
      await untilSize(backend(name), 3)
      await backend(name).hub.publish('feed', { data: 'for all' })
      for (const client of clients) expect((await client.next()).data).toBe('for all')
      const late = await open()
      await backend(name).hub.publish('feed', { data: 'next' })
      expect((await late.next()).data).toBe('next')
    })

    it('[H1] may answer a POST', async (context) => {
      const { url, backend } = await scene(context)
      const client = await openForTest(`${url}/${name}/feed`, { method: 'POST' })
      await backend(name).hub.publish('feed', { data: 'posted' })
      expect((await client.next()).data).toBe('posted')
    })

    it('goes on where its client was', async (context) => {
      const { url, backend } = await scene(context)
      const { hub } = backend(name)
      const first = await openForTest(`${url}/${name}/feed`)
      await hub.publish('feed', { data: 'seen' })
      const { id = '' } = await first.next()
      first.leave()
      for (const data of ['one', 'two']) await hub.publish('feed', { data })
      const second = await openForTest(`${url}/${name}/feed`, { headers: { 'last-event-id': id } })
      expect([(await second.next()).data, (await second.next()).data]).toEqual(['one', 'two'])
    })

    it.for(['quiet', 'busy'] as const)('[H13] is left when its client goes, while it is %s', async (state, context) => {
      const { url, backend } = await scene(context)
      const { hub } = backend(name)
      await untilSize(backend(name), 0)
      const client = await openForTest(`${url}/${name}/feed`)
      await client.firstFrame()
      await untilSize(backend(name), 1)
      const before = hub.stats().closed.client
      const publishing = state === 'busy' ? setInterval(() => hub.publish('feed', { data: 'busy' }), 1) : undefined
      if (state === 'busy') await client.next()
      client.leave()
      await untilSize(backend(name), 0)
      clearInterval(publishing)
      expect(hub.stats().closed.client).toBe(before + 1)
    })

    it('[H13] tells a source that waits for something else', async (context) => {
      const { url, backend } = await scene(context)
      const client = await openForTest(`${url}/${name}/work`)
      await client.firstFrame()
      client.leave()
      const work = backend(name).works.at(-1)
      await within(Promise.all([work?.isAborted.promise, work?.isReturned.promise]), 'the end of the source')
    })

    it('ends, and is not cut, when its source does or its server ends it', async (context) => {
      const { url, backend } = await scene(context)
      const finite = await openForTest(`${url}/${name}/count`)
      expect(await finite.ending).toBe('ended')
      expect(finite.text).toContain('data: 1\n\ndata: 2\n\ndata: 3\n\n')
      const revoked = await openForTest(`${url}/${name}/feed`)
      backend(name).hub.disconnect(() => true)
      expect(await revoked.ending).toBe('ended')
    })

    // The last one: its server is of no use after that.
    it('is drained, and whoever comes then is told when to come back', async (context) => {
      const { url, backend } = await scene(context)
      const client = await openForTest(`${url}/${name}/feed`)
      await client.firstFrame()
      const drained = backend(name).hub.close({ drain: 100 })
      expect(await client.ending).toBe('ended')
      expect(client.retry).toBeGreaterThan(0)
      await drained
      await expectRefusal(`${url}/${name}/feed`, 503)
    })
  })
})
