import { once } from 'node:events'
import { Agent, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { createHub } from '@sse/core'
import { drainOnSignal } from '@sse/core/node'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Http2Client } from './http2-client.ts'
import { feedOf, HTTP2_KINDS, PATIENTLY, served } from './served.ts'

const SIGNAL = 'SIGUSR2'

it.each(HTTP2_KINDS)(
  '[H7] `drainOnSignal` ends streams of $name, and closes its connections, whatever they are used for',
  async (kind) => {
    const hub = createHub()
    const { server, url } = await served(kind, hub, [feedOf(hub)])
    onTestFinished(drainOnSignal(server, hub, { signals: [SIGNAL], drain: 100 }))
    const [busy, idle] = [await Http2Client.connect(url), await Http2Client.connect(url)]
    const streams = await busy.open('/feed', 20)
    await idle.request('/nothing').head
    const others = kind.protocol === 'h2' ? await connectOtherwise((server.address() as AddressInfo).port) : []
    const retries = streams.map(({ retry }) => retry)
    const closed = once(server, 'close')
    process.emit(SIGNAL, SIGNAL)
    await closed
    for (const { hasEnded, stream } of streams) {
      expect(hasEnded).toBe(true)
      expect(stream.rstCode).toBe(0)
    }
    // Each is drawn anew: one of them in three thousand is as it was.
    expect(streams.filter(({ retry }, n) => retry !== retries[n]).length).toBeGreaterThan(15)
    await vi.waitFor(() => expect([busy, idle].every(({ session }) => session.destroyed)).toBe(true), PATIENTLY)
    await vi.waitFor(() => expect(others.every(({ destroyed }) => destroyed)).toBe(true), PATIENTLY)
    expect(hub.stats().closed).toMatchObject({ client: 0, stalled: 0, slow: 0 })
  },
)

/** What else may be connected to a server with TLS: HTTP/1.1 that is kept for more, a stream on it, and nothing so far. */
async function connectOtherwise(port: number): Promise<readonly { readonly destroyed: boolean }[]> {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false })
  onTestFinished(() => agent.destroy())
  const at = { host: '127.0.0.1', port }
  const [plain] = await once(get({ ...at, path: '/nothing', agent }), 'response')
  // An answer lets go of its socket when it has ended.
  const { socket: kept } = plain.resume()
  await once(plain, 'end')
  const [stream] = await once(
    get({ ...at, path: '/feed', agent: new Agent({ rejectUnauthorized: false }) }),
    'response',
  )
  stream.resume()
  const unused = connectTls({ ...at, rejectUnauthorized: false })
  // A client sees the end of a connection only if it reads.
  unused.resume()
  await once(unused, 'secureConnect')
  return [kept, stream.socket, unused]
}
