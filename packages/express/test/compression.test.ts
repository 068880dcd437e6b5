import { createHub } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import { RawClient } from '@sse/tooling/raw-client'
import compression from 'compression'
import { describe, expect, it, vi } from 'vitest'
import { sse } from '../src/index.ts'
import { serve } from './serve.ts'
import { VERSIONS } from './versions.ts'

describe.each(VERSIONS)('streams behind compression on $name', ({ express }) => {
  it('[P3] [S11] are passed through, since they must not be transformed, and each event comes at once', async () => {
    const hub = createHub()
    const app = express().use(compression(), sse({ hub }))
    app.get('/', (_req, res) => res.sse(hub.subscribe('a')))
    const response = await fetch((await serve(app)).url, { headers: { 'Accept-Encoding': 'gzip, deflate, br' } })
    expect(response.headers.get('Content-Encoding')).toBeNull()
    const events = readEvents(response)
    for (let n = 0; n < 5; n++) {
      await hub.publish('a', { data: String(n) })
      expect((await events.next()).value).toMatchObject({ data: String(n) })
    }
    await events.return()
    await vi.waitFor(() => expect(hub.size).toBe(0))
  })

  it.each(['gzip', 'deflate', 'br'])(
    '[P3] [S2] are compressed with %s where the user insists, and each event comes at once',
    async (encoding) => {
      const hub = createHub({ heartbeat: 1_000 })
      const app = express().use(compression(), sse({ hub, headers: { 'Cache-Control': 'no-cache' } }))
      app.get('/', (_req, res) => res.sse(hub.subscribe('a')))
      const response = await fetch((await serve(app)).url, { headers: { 'Accept-Encoding': encoding } })
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
    },
  )

  it('[H3] [P3] begin at once, with a first frame, also compressed', async () => {
    const app = express().use(compression(), sse({ retry: 77, headers: { 'Cache-Control': 'no-cache' } }))
    app.get('/', (_req, res) => res.sse())
    const response = await fetch((await serve(app)).url, { headers: { 'Accept-Encoding': 'gzip' } })
    const reader = response.body?.getReader()
    const first = await reader?.read()
    expect(new TextDecoder().decode(first?.value)).toBe('retry: 77\n:\n\n')
    await reader?.cancel()
  })

  it('[H4] [P3] end when an idle client goes, also compressed', async () => {
    const hub = createHub()
    const app = express().use(compression(), sse({ hub, headers: { 'Cache-Control': 'no-cache' } }))
    app.get('/', (_req, res) => res.sse(hub.subscribe('a')))
    const client = new RawClient((await serve(app)).port).request('GET /', 'Accept-Encoding: gzip')
    await client.until('Content-Encoding: gzip')
    expect(hub.size).toBe(1)
    client.socket.destroy()
    await vi.waitFor(() => expect(hub.size).toBe(0))
  })
})
