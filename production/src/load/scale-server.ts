import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { createHub } from '@sse/core'
import { offer } from './remote.ts'
import { serverCalled } from './server-called.ts'
import { stamped } from './stamp.ts'

const [name = ''] = process.argv.slice(2)
const hub = createHub()
const feed = hub.subscribe('feed')
const { port } = await serverCalled(name).start({
  hub,
  routes: [
    { method: 'GET', path: '/feed', source: () => feed },
    // Answers 204: any other request, as far as waiting for its turn goes.
    { method: 'GET', path: '/ping', source: () => null },
  ],
})

/** What a phase has cost the server. */
export interface Cost {
  readonly ms: number
  /** Of one core, user and system, in milliseconds. */
  readonly cpu: number
  /** For how long at most the event loop did nothing else, in milliseconds. */
  readonly heldUp: number
}

let cpu = process.cpuUsage()
let since = performance.now()
const delays = monitorEventLoopDelay({ resolution: 5 })
delays.enable()

const methods = {
  port: () => port,
  size: () => hub.size,

  /** Resident memory at rest, in bytes. */
  async memory(): Promise<number> {
    let last = Number.POSITIVE_INFINITY
    for (let n = 0; n < 10; n++) {
      globalThis.gc?.()
      await pause(200)
      const now = process.memoryUsage.rss()
      if (Math.abs(last - now) < now / 1_000) return now
      last = now
    }
    return last
  },

  begin(): void {
    globalThis.gc?.()
    cpu = process.cpuUsage()
    since = performance.now()
    delays.reset()
  },

  /** What it has cost since it began. */
  cost(): Cost {
    const { user, system } = process.cpuUsage(cpu)
    return { ms: performance.now() - since, cpu: (user + system) / 1_000, heldUp: delays.max / 1e6 }
  },

  /** Publishes so many events, spread evenly. */
  async publish({ events, rate, bytes }: { events: number; rate: number; bytes: number }): Promise<void> {
    const began = performance.now()
    for (let n = 0; n < events; n++) {
      await pause(Math.max(0, began + (n * 1_000) / rate - performance.now()))
      await hub.publish('feed', { data: stamped(bytes) })
    }
  },
}

/** The methods of the process that serves. */
export type ScaleServerOffer = typeof methods

offer(methods)
