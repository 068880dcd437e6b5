import type { Hub, Publication, SseEvent, SseStream } from '@sse/core'
import type { Route } from '../servers/site.ts'

/** What the events of a route say: whose they are, and which one it is. */
export interface Mark {
  /** The route, without its slash. */
  readonly of: string
  /** Which call of the route's source; 0 where all clients get the same. */
  readonly call: number
  readonly n: number
}

/** Topics of the hub, one for each route that streams them. */
export const TOPICS = ['plain', 'shown', 'sifted', 'last', 'replayed', 'conflated', 'skipped', 'mixed'] as const

/** Of the events of `/last`, every so many-th is the last one. */
const LAST = 40
/** How often a source of its own sends, in milliseconds. */
const PACE = 3

/** What a source of these routes throws: none of it is a failure of ours. */
export class PlannedError extends Error {}

/** The routes that are attacked: every kind of source, and each counts those of its sources that run. */
export interface FuzzRoutes {
  readonly routes: readonly Route[]
  /** Sources that have begun and not ended. */
  readonly running: number
}

/** Makes the routes of a hub. */
export function fuzzRoutes(hub: Hub): FuzzRoutes {
  let calls = 0
  let running = 0

  async function* generate(of: string, events: number): AsyncGenerator<SseEvent> {
    const call = ++calls
    running++
    try {
      for (let n = 0; n < events; n++) {
        yield { data: { of, call, n } satisfies Mark }
        await new Promise((resolve) => setTimeout(resolve, PACE))
      }
    } finally {
      running--
    }
  }

  async function* fail(of: string, events: number): AsyncGenerator<SseEvent> {
    yield* generate(of, events)
    throw new PlannedError(of)
  }

  /** Sends at its own pace until the stream has closed, whether or not the client takes it. */
  function send(of: string, size: number): (stream: SseStream) => void {
    return (stream) => {
      const call = ++calls
      let n = 0
      running++
      const data = (): Mark & { readonly pad: string } => ({ of, call, n: n++, pad: 'x'.repeat(size) })
      const timer = setInterval(() => void stream.send({ data: data() }), PACE)
      stream.signal.addEventListener('abort', () => {
        clearInterval(timer)
        running--
      })
    }
  }

  function readable(of: string): ReadableStream<SseEvent> {
    const events = generate(of, Number.POSITIVE_INFINITY)
    return new ReadableStream<SseEvent>({
      async pull(controller) {
        const { value } = await events.next()
        if (value !== undefined) controller.enqueue(value)
      },
      async cancel() {
        await events.return(undefined)
      },
    })
  }

  const silent = ({ signal }: SseStream): Promise<void> =>
    new Promise((resolve) => {
      running++
      signal.addEventListener('abort', () => {
        running--
        resolve()
      })
    })

  const snapshot = async (): Promise<Publication[]> => {
    await new Promise((resolve) => setTimeout(resolve, PACE))
    return [{ event: 'message', data: { of: 'shown', call: 0, n: -1 } }]
  }
  const streams = {
    plain: hub.subscribe('plain'),
    shown: hub.subscribe('shown', { snapshot }),
    sifted: hub.subscribe('sifted', { filter: ({ data }) => numberOf(data) % 2 === 0 }),
    last: hub.subscribe('last', { until: ({ data }) => numberOf(data) % LAST === 0 }),
    replayed: hub.subscribe('replayed', { replay: 20 }),
    conflated: hub.subscribe('conflated', { lag: 'conflate' }),
    skipped: hub.subscribe('skipped', { lag: 'skip' }),
  }
  const mixed = hub.subscribe('mixed')

  const get = (path: string, source: Route['source'], options?: Route['options']): Route => ({
    method: 'GET',
    path: `/${path}`,
    source,
    ...(options && { options }),
  })
  const routes: Route[] = [
    ...Object.entries(streams).map(([path, subscription]) => get(path, () => subscription)),
    get('mixed', () => async ({ send }) => {
      await send({ data: { of: 'mixed', call: 0, n: -1 } })
      return mixed
    }),
    get('generator', () => generate('generator', Number.POSITIVE_INFINITY)),
    get('finite', () => generate('finite', 3)),
    get('fails', () => fail('fails', 2)),
    get('throws', () => fail('throws', 0)),
    get('readable', () => readable('readable')),
    get('function', () => send('function', 0)),
    get('flood', () => send('flood', 20_000), { maxBufferedBytes: 200_000 }),
    get('silent', () => silent, { commitAfter: 20 }),
    get('null', () => null),
    { method: 'POST', path: '/post', source: () => send('post', 0) },
  ]
  return {
    routes,
    get running() {
      return running
    },
  }
}

/** What the server publishes are marks. */
function numberOf(data: unknown): number {
  return (data as Mark).n
}
