import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { createHub, type SseEvent, type SseStream } from '@sse/core'
import { Random } from '@sse/tooling/random'
import type { Route } from '../servers/site.ts'
import { offer } from './remote.ts'
import { serverCalled } from './server-called.ts'

const [name = '', seed = '', leaks = ''] = process.argv.slice(2)
const random = new Random(Number(seed))

/** What is there at one moment, after garbage was collected. */
export interface Sample {
  /** Seconds since the churn began. */
  readonly at: number
  readonly heapMB: number
  /** Outside the heap: buffers, and what else hangs on objects of it. */
  readonly externalMB: number
  readonly rssMB: number
  /** What keeps a process alive: sockets, timers, requests of the system that have no answer. */
  readonly handles: number
  readonly connections: number
  readonly lagging: number
  /** Since the process began. */
  readonly opened: number
  readonly published: number
  readonly errors: number
}

let opened = 0
let errors = 0
let firstError: string | undefined
let isPublishing = false
/** With `--leak`: what is never let go. */
const kept = new Map<string, object>()

const hub = createHub({
  ring: { maxEvents: 4_000, maxBytes: 4 * 2 ** 20 },
  heartbeat: 1_000,
  stallTimeout: 2_000,
  limits: { connections: 5_000, perAddress: 2_000, perPrincipal: 2_000 },
  onClose({ id }) {
    opened++
    if (leaks === 'leaks') kept.set(id, {})
  },
  onError(error) {
    errors++
    firstError ??= String(error)
  },
})

async function* chat({ signal }: SseStream): AsyncGenerator<SseEvent> {
  for (let n = 0; n < 20; n++) {
    yield { event: 'token', data: { n } }
    await pause(5, undefined, { signal })
  }
}

function ticks(): ReadableStream<SseEvent> {
  let timer: NodeJS.Timeout
  return new ReadableStream({
    start(controller) {
      timer = setInterval(() => controller.enqueue({ data: 'tick' }), 20)
    },
    cancel: () => clearInterval(timer),
  })
}

const everything = hub.subscribe('**', { lag: 'skip' })
const sources: Readonly<Record<string, Route['source']>> = {
  exact: () => hub.subscribe('stocks/3'),
  several: () => hub.subscribe([`stocks/${random.int(0, 19)}`, `news/${random.int(0, 999)}`]),
  all: () => everything,
  conflated: () => hub.subscribe('stocks/*', { lag: 'conflate' }),
  replayed: () => hub.subscribe('news/*', { replay: 50 }),
  filtered: () => hub.subscribe('stocks/*', { filter: ({ id }) => id.endsWith('7') }),
  ending: () => hub.subscribe('stocks/*', { until: ({ id }) => id.endsWith('00') }),
  shown: () => hub.subscribe('stocks/*', { snapshot: () => Array.from({ length: 20 }, (_, n) => ({ data: { n } })) }),
  ticks,
  held: () => (stream) => void stream.send({ data: 'hello' }),
  mixed: () => async (stream) => {
    await stream.send({ data: 'hello' })
    return everything
  },
  none: () => null,
}

const methods = {
  /** What can be asked for. */
  paths: (): readonly string[] => Object.keys(sources).map((path) => `/${path}`),

  async start(): Promise<number> {
    const get = Object.entries(sources).map(([path, source]): Route => ({ method: 'GET', path: `/${path}`, source }))
    const routes: Route[] = [...get, { method: 'POST', path: '/chat', source: () => chat }]
    const { port } = await serverCalled(name).start({ hub, routes })
    return port
  },

  /** Publishes from now on. */
  publish(): void {
    isPublishing = true
    void publishOn()
  },

  /** Publishes no more, and resolves when nobody is connected any more and nothing has ended for a second. */
  async deserted(): Promise<void> {
    isPublishing = false
    for (let quiet = 0, before = -1; quiet < 10; quiet++) {
      await pause(100)
      const now = process.getActiveResourcesInfo().length
      if (hub.size > 0 || now !== before) quiet = 0
      before = now
    }
  },

  async sample(began: number): Promise<Sample> {
    // What one collection lets go of may hold what only the next one can.
    for (let n = 0; n < 4; n++) {
      globalThis.gc?.()
      await pause(10)
    }
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage()
    const { connections, lagging, published } = hub.stats()
    return {
      at: Math.round((Date.now() - began) / 1_000),
      heapMB: heapUsed / 1e6,
      // `external` has what `arrayBuffers` has.
      externalMB: Math.max(external, arrayBuffers) / 1e6,
      rssMB: rss / 1e6,
      handles: process.getActiveResourcesInfo().length,
      connections,
      lagging,
      opened,
      published,
      errors,
    }
  },

  firstError: () => firstError,
}

/** The methods of the process that is soaked. */
export type SoakServerOffer = typeof methods

/** Turns of the event loop between two rounds of events: Node accepts one connection in each. */
const TURNS = 4

/** As fast as everything else lets it: some events of all kinds, again and again. */
async function publishOn(): Promise<void> {
  for (let n = 0; isPublishing; n++) {
    for (let i = 0; i < 5; i++) {
      const stock = random.int(0, 19)
      const data = { n, price: random.int(1, 1_000), pad: 'x'.repeat(random.size(1, 2_000)) }
      void hub.publish(`stocks/${stock}`, { event: 'price', data, key: String(stock) })
    }
    void hub.publish(`news/${random.int(0, 999)}`, { data: `news ${n}` })
    if (n % 1_000 === 0) hub.disconnect({ principal: `user-${random.int(0, 99)}` }, 'signed out')
    for (let turn = 0; turn < TURNS; turn++) await nextTurn()
  }
}

offer(methods)
