import { constants } from 'node:zlib'
import { createHub, type Hub } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import { RawClient } from '@sse/tooling/raw-client'
import compress from 'koa-compress'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { sse } from '../src/index.ts'
import { serve } from './serve.ts'
import { VERSIONS } from './versions.ts'

/** What tells koa-compress that it may, all the same. */
const TRANSFORMED = { 'Cache-Control': 'no-cache' }

describe.each(VERSIONS)('streams behind koa-compress on $name', ({ Koa }) => {
  it.each([false, true])(
    '[F2] [P3] are passed through, since they must not be transformed, and each event comes at once; forced: %s',
    async (forced) => {
      const hub = createHub()
      const app = new Koa().use(compress({ threshold: 0 })).use(sse({ hub }))
      app.use((ctx) => {
        if (forced) ctx.compress = true
        return ctx.sse(hub.subscribe('a'))
      })
      const response = await fetch((await serve(app)).url, { headers: { 'Accept-Encoding': 'gzip, deflate, br' } })
      expect(response.headers.get('Content-Encoding')).toBeNull()
      await comesAtOnce(response, hub)
      await vi.waitFor(() => expect(hub.size).toBe(0))
    },
  )

  it.each(['gzip', 'deflate', 'br', 'zstd'])(
    '[F2] [P3] are compressed with %s where the user insists, and each event comes at once',
    async (encoding) => {
      const hub = createHub()
      const app = new Koa().use(compress()).use(sse({ hub, headers: TRANSFORMED }))
      app.use((ctx) => ctx.sse(hub.subscribe('a')))
      const { url, errors } = await serve(app)
      const response = await fetch(url, { headers: { 'Accept-Encoding': encoding } })
      expect(response.headers.get('Content-Encoding')).toBe(encoding)
      const events = readEvents(response)
      for (let n = 0; n < 5; n++) {
        await hub.publish('a', { data: String(n) })
        expect((await events.next()).value).toMatchObject({ data: String(n) })
      }
      hub.disconnect(() => true)
      // The compressed stream ends as one: a reader would throw at one that is cut.
      expect((await events.next()).done).toBe(true)
      expect(hub.stats().closed.revoked).toBe(1)
      expect(errors).toEqual([])
    },
  )

  it('[P3] are compressed all the same where koa-compress flushes by itself', async () => {
    const hub = createHub()
    const options = { gzip: { flush: constants.Z_SYNC_FLUSH } }
    const app = new Koa().use(compress(options)).use(sse({ hub, headers: TRANSFORMED }))
    app.use((ctx) => ctx.sse(hub.subscribe('a')))
    const response = await fetch((await serve(app)).url, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(response.headers.get('Content-Encoding')).toBe('gzip')
    await comesAtOnce(response, hub)
  })

  it('[H3] begin at once, with a first frame, also compressed', async () => {
    const app = new Koa().use(compress()).use(sse({ retry: 77, headers: TRANSFORMED }))
    app.use((ctx) => ctx.sse())
    const response = await fetch((await serve(app)).url, { headers: { 'Accept-Encoding': 'gzip' } })
    const reader = response.body?.getReader()
    const first = await reader?.read()
    expect(new TextDecoder().decode(first?.value)).toBe('retry: 77\n:\n\n')
    await reader?.cancel()
  })

  it('[F2] [H4] close when an idle client goes, also compressed, and nobody is told', async () => {
    const hub = createHub()
    const app = new Koa().use(compress()).use(sse({ hub, headers: TRANSFORMED }))
    app.use((ctx) => ctx.sse(hub.subscribe('a')))
    const { port, errors } = await serve(app)
    const client = new RawClient(port).request('GET /', 'Accept-Encoding: gzip')
    await client.until('Content-Encoding: gzip')
    expect(hub.size).toBe(1)
    client.socket.destroy()
    await vi.waitFor(() => expect(hub.size).toBe(0))
    expect(hub.stats().closed.client).toBe(1)
    expect(errors).toEqual([])
  })

  it('give what was compressed to a reader that reads again', async () => {
    const hub = createHub({ ring: { maxEvents: 100_000, maxBytes: 64 * 1024 * 1024 } })
    const app = new Koa().use(compress()).use(sse({ hub, headers: TRANSFORMED }))
    app.use((ctx) => ctx.sse(hub.subscribe('a')))
    const client = new AbortController()
    onTestFinished(() => client.abort())
    const headers = { 'Accept-Encoding': 'gzip' }
    const response = await fetch((await serve(app)).url, { headers, signal: client.signal })
    const noise = (): string => Array.from({ length: 500 }, () => Math.random().toString(36).slice(2)).join('')
    let n = 0
    while (hub.stats().lagging === 0) await hub.publish('a', { data: `${n++} ${noise()}` })
    await hub.publish('a', { event: 'last', data: '' })
    const events = await readEvents(response, { until: ({ event }) => event === 'last' })
    expect(events.slice(0, -1).map(({ data }) => Number.parseInt(data, 10))).toEqual([...Array(n).keys()])
  })
})

async function comesAtOnce(response: Response, hub: Hub): Promise<void> {
  const events = readEvents(response)
  for (let n = 0; n < 5; n++) {
    await hub.publish('a', { data: String(n) })
    expect((await events.next()).value).toMatchObject({ data: String(n) })
  }
  await events.return()
}
