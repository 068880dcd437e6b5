import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CloseReason, createHub } from '@sse/core'
import { eventStream } from '@sse/core/node'
import { sse } from '@sse/koa'
import { requireProgram } from '@sse/tooling/programs'
import Koa from 'koa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FarMachine } from './far-machine.ts'

const HEARTBEAT = 2_000

describe('a client whose machine has vanished', () => {
  it('is found and released within two heartbeats of the first that it did not take', async (context) => {
    const machine = FarMachine.make(requireProgram('ip', context))
    if (machine === undefined) return context.skip('needs Linux, and the rights of root over its network')
    onTestFinished(() => machine.remove())
    const ended: { topic: string | undefined; reason: CloseReason; at: number }[] = []
    const hub = createHub({
      heartbeat: HEARTBEAT,
      stallTimeout: 2 * HEARTBEAT,
      onClose: ({ topics }, reason) => ended.push({ topic: topics[0], reason, at: performance.now() }),
    })
    const app = new Koa().use(sse({ hub })).use((ctx) => ctx.sse(hub.subscribe(ctx.path.slice(1))))
    const direct: RequestListener = (req, res) => void eventStream(req, res, hub.subscribe(req.url?.slice(1) ?? ''))
    const [plain, koa, here] = await Promise.all([direct, app.callback(), direct].map((handler) => listen(handler)))
    const busy = setInterval(() => void hub.publish('busy', { data: 'x' }), 50)
    onTestFinished(async () => {
      clearInterval(busy)
      await hub.close()
    })
    await machine.open(plain ?? 0, ['/quiet', '/busy'])
    await machine.open(koa ?? 0, ['/quiet-koa'])
    const healthy = await fetch(`http://127.0.0.1:${here}/quiet-here`)
    expect(hub.size).toBe(4)
    machine.vanish()
    const vanished = performance.now()
    while (ended.length < 3) await sleep(50)
    for (const { reason, at } of ended) {
      expect(reason).toBe('stalled')
      // Up to a heartbeat passes until something is written at all, and a busy machine reads its tables late.
      expect(at - vanished).toBeLessThan(3 * HEARTBEAT + 2_000)
    }
    expect(ended.map(({ topic }) => topic).sort()).toEqual(['busy', 'quiet', 'quiet-koa'])
    expect(Array.from(hub.connections, ({ topics }) => topics)).toEqual([['quiet-here']])
    await healthy.body?.cancel()
  })
})

async function listen(handler: RequestListener): Promise<number> {
  const server = createServer(handler)
  server.listen(0, '0.0.0.0')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  // It listens on TCP.
  return (server.address() as AddressInfo).port
}
