import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { RawClient } from '@sse/tooling/raw-client'
import { describe, expect, it, type TestContext, vi } from 'vitest'
import { node } from '../servers/node.ts'
import { type Backend, startBackend } from './backends.ts'
import { startForTest, untilSize } from './behind.ts'
import { AS_DOCUMENTED } from './forms.ts'
import type { ProxyForm } from './proxy.ts'
import { VARNISH_BY_DEFAULT } from './varnish.ts'

/** More than the kernel takes for two connections that nobody reads, in bytes. */
const MOST = 64 * 1024 * 1024

describe('a client that does not read', () => {
  it.for(AS_DOCUMENTED)(
    '[H5] [H6] behind $name is one that does not read to the server, too',
    async (form, context) => {
      const { hub } = await publishTo(form, context)
      expect(hub.stats().closed.stalled).toBe(1)
    },
  )

  it('[H6] is read for by Varnish by default, however much it is', async (context) => {
    const { hub } = await publishTo(VARNISH_BY_DEFAULT, context)
    expect(hub.size).toBe(1)
    expect(hub.stats().lagging).toBe(0)
  })
})

/** Publishes as much as nobody can hold, or until the client has been cut. */
async function publishTo(form: ProxyForm, context: TestContext): Promise<Backend> {
  const backend = await startBackend(node, { hub: { stallTimeout: 300, ring: { maxBytes: 2 * MOST } } })
  context.onTestFinished(backend.close)
  const proxy = await startForTest(context, form, backend)
  const client = new RawClient(proxy.port).request('GET /node/feed', 'Accept: text/event-stream')
  await client.until('\n\n')
  client.socket.pause()
  await untilSize(backend, 1)
  const data = randomBytes(96 * 1024).toString('base64')
  for (let sent = 0; backend.hub.size > 0 && sent < MOST; sent += data.length) {
    await backend.hub.publish('feed', { data })
    await pause(1)
  }
  // By now it takes all, or nothing.
  await vi.waitFor(() => expect(backend.hub.stats().lagging).toBe(0), { timeout: 10_000, interval: 5 })
  return backend
}
