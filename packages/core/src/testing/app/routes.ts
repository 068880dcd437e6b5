import type { StreamOptions } from '../../connection/options.ts'
import type { Source } from '../../connection/source.ts'
import type { Hubs } from './hubs.ts'
import type { Journal } from './journal.ts'
import { HARD_TEXTS } from './samples.ts'
import { Sources } from './sources.ts'

/** What a route is told of its request. */
export interface AdapterRequest {
  /** The body, parsed from JSON. */
  readonly body: unknown
}

/** One route that an adapter's test mounts in its framework's own idiom. */
export interface AdapterRoute {
  readonly method: 'GET' | 'POST'
  /** Of one part, such as `/feed`. */
  readonly path: string
  /** What the handler streams; to be called once for each request, by the handler. */
  source(request: AdapterRequest): Source
  /** The options of the stream; none of a route that has none. */
  readonly options?: StreamOptions
  /**
   * What the handler awaits before it asks for its source, as an application does that looks somebody up. Where there is
   * none, the handler streams without having awaited anything.
   */
  before?(): Promise<void>
}

/** What keeps requests waiting until somebody opens it. */
export class Gate {
  #open: () => void = () => {}
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve
  })

  open(): void {
    this.#open()
  }

  /** Resolves when it is open. */
  passed(): Promise<void> {
    return this.#opened
  }
}

/** Of everything a source may be, and do: one route each. */
export function adapterRoutes(app: {
  readonly hubs: Hubs
  readonly journal: Journal
  readonly gate: Gate
}): readonly AdapterRoute[] {
  const { hubs, journal, gate } = app
  const sources = new Sources(journal)
  const before = (): Promise<void> => {
    journal.note('gated waits')
    return gate.passed()
  }
  return [
    // Subscriptions
    get('/hub', () => hubs.main.subscribe('hub')),
    get('/replay', () => hubs.main.subscribe('hub', { replay: 'all' })),
    get('/greeted', () => sources.greeted(() => hubs.main.subscribe('hub', { replay: 'all' }))),
    get('/pattern', () => hubs.main.subscribe(['rooms/*', 'news/**'])),
    get('/snapshot', () =>
      hubs.main.subscribe('hub', { snapshot: ({ reason }) => [{ event: 'state', data: reason }] }),
    ),
    get('/until', () => hubs.main.subscribe('until', { replay: 'all', until: ({ data }) => data === 'last' })),
    get('/short', () => hubs.short.subscribe('short')),
    get('/narrow', () => hubs.narrow.subscribe('narrow')),
    get('/impatient', () => hubs.impatient.subscribe('impatient')),
    get('/roomy', () => hubs.roomy.subscribe('roomy')),
    get('/lively', () => hubs.lively.subscribe('lively')),
    get('/full', () => hubs.full.subscribe('full')),
    get('/crowded', () => hubs.crowded.subscribe('crowded'), { principal: 'somebody' }),

    // Sources that end
    get('/generator', () => sources.finite('generator')),
    get('/stream', () => sources.finiteStream()),
    get('/observable', () => sources.finiteObservable()),
    get('/function', () => sources.finiteFunction()),
    get('/empty', () => sources.empty()),
    get('/hard-texts', () => sources.saying(HARD_TEXTS)),
    get(
      '/last-event-id',
      () =>
        ({ lastEventId }) =>
          sources.saying([lastEventId ?? 'none']),
    ),
    get('/null', () => null),
    get('/later-null', () => async () => null),
    get('/own-headers', () => sources.finite('own-headers'), {
      status: 202,
      headers: { 'Cache-Control': 'private', 'X-Own': 'yes', 'Set-Cookie': ['one=1', 'two=2'] },
    }),

    // Sources that wait for what never comes
    get('/idle-generator', () => sources.idleGenerator('idle-generator')),
    get('/idle-iterator', () => sources.idleIterator('idle-iterator')),
    get('/idle-observable', () => sources.idleObservable('idle-observable')),
    get('/idle-stream', () => sources.idleStream('idle-stream')),
    get('/idle-function', () => sources.idleFunction('idle-function')),
    get('/quiet-generator', () => sources.idleGenerator('quiet-generator', [])),
    get('/unopened-generator', () => sources.idleGenerator('unopened-generator', []), { commitAfter: 60_000 }),

    // Sources that fail
    get('/throws', () => sources.throws()),
    get('/rejects', () => sources.rejects()),
    get('/generator-fails', () => sources.generatorFails()),
    get('/stream-fails', () => sources.streamFails()),
    get('/observable-fails', () => sources.observableFails()),
    get('/no-source', () => sources.none()),
    get('/bad-option', () => sources.idleGenerator('bad-option'), { retry: -1 }),
    get('/fails-later', () => sources.generatorFailsLater()),
    get('/observable-fails-later', () => sources.observableFailsLater()),
    get('/bad-event', () => sources.badEvent()),

    // Requests that wait before they stream
    { ...get('/gated-generator', () => sources.asked('gated', sources.idleGenerator('gated'))), before },
    { ...get('/gated-hub', () => sources.asked('gated', hubs.main.subscribe('hub'))), before },

    // Sources that have more than anybody takes who does not read
    get('/flood', () => sources.flood('flood')),
    get('/much', () => sources.much('much')),

    // Requests with a body
    post('/echo', ({ body }) => sources.echo(body)),
    post('/idle-post', () => sources.idleGenerator('idle-post')),
    post('/rejects', () => sources.rejects()),
    post('/full', () => hubs.full.subscribe('full')),
  ]
}

type SourceOf = (request: AdapterRequest) => Source

function get(path: string, source: SourceOf, options?: StreamOptions): AdapterRoute {
  return { method: 'GET', path, source, ...(options !== undefined && { options }) }
}

function post(path: string, source: SourceOf): AdapterRoute {
  return { method: 'POST', path, source }
}
