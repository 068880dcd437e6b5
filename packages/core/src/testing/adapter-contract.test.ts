import { afterEach, describe, expect, it } from 'vitest'
import { serveNodeForm, serveWebForm, type WebParts } from '../../test/adapter-servers.ts'
import { toNode } from '../../test/web-bridge.ts'
import { eventStream } from '../connection/event-stream.ts'
import { HOST } from '../connection/host.ts'
import type { StreamOptions } from '../connection/options.ts'
import type { Source, SourceFunction } from '../connection/source.ts'
import type { SseStream } from '../connection/stream.ts'
import { adapterContract } from './adapter-contract.ts'
import type { AdapterHarness } from './adapter-stage.ts'

describe('adapterContract', () => {
  afterEach(() => {
    for (const release of kept.splice(0)) release()
  })

  describe("is kept by `eventStream` in Node's form", () => {
    for (const { name, run, timeout } of adapterContract({ start: serveNodeForm })) it(name, run, timeout)
  })

  describe('is kept by `eventStream` in the form of the Web', () => {
    for (const { name, run, timeout } of adapterContract({ start: () => serveWebForm() })) it(name, run, timeout)
  })

  it.concurrent.each(FAULTS().filter(([, rule]) => rule !== REMAINS))('%s: %s', breaks)

  // It looks at the whole process.
  it.each(FAULTS().filter(([, rule]) => rule === REMAINS))('%s: %s', breaks)

  it('has a fault here for each of its rules', () => {
    const names = adapterContract(whole).map(({ name }) => name)
    expect(new Set(FAULTS().map(([, rule]) => rule))).toEqual(new Set(names))
  })

  it('asks nothing that the platform cannot do', () => {
    const all = namesOf({})
    const without = (capabilities: Partial<AdapterHarness>): readonly string[] => {
      const names = namesOf(capabilities)
      return all.filter((name) => !names.includes(name))
    }
    expect(without({ answersHead: false }).every((name) => name.includes('HEAD'))).toBe(true)
    expect(without({ hasOuterMiddleware: false }).every((name) => /cookie|outer/.test(name))).toBe(true)
    expect(without({ knowsDisconnectWhenIdle: false }).every((name) => /goes|gone|clients that go/.test(name))).toBe(
      true,
    )
    expect(without({ knowsSlowClients: false })).toHaveLength(6)
    expect(without({ takesOptions: false })).toHaveLength(5)
    expect(without({ isNode: false })).toHaveLength(2)
  })

  it('closes every server, also after a failure', async () => {
    let open = 0
    const start = async () => {
      const server = await serveWebForm({ stream: async () => new Response('no') })
      open++
      const close = async (): Promise<void> => {
        await server.close()
        open--
      }
      return { ...server, close }
    }
    for (const { run } of adapterContract({ start, timeout: 50, opens: 10 }).slice(0, 12)) {
      await run().catch(() => {})
      expect(open).toBe(0)
    }
  })
})

const REMAINS = 'leaves nothing behind of thousands of streams'

/** On a busy machine what a rule does first may take longer than it waits in vain: then it has more time. */
async function breaks(_: string, rule: string, complaint: RegExp, parts: Partial<WebParts>): Promise<void> {
  const failed = await failureOf(rule, parts, 800)
  if (complaint.test(failed)) return
  expect(await failureOf(rule, parts, 5_000)).toMatch(complaint)
}

async function failureOf(rule: string, parts: Partial<WebParts>, timeout: number): Promise<string> {
  const cases = adapterContract({ start: () => serveWebForm(parts), timeout, opens: 1_000 })
  const broken = cases.find(({ name }) => name === rule)
  if (broken === undefined) throw new Error(`there is no such rule: ${rule}`)
  return broken.run().then(
    () => 'it holds',
    ({ message }: Error) => message,
  )
}

const whole: AdapterHarness = { start: () => serveWebForm() }

function namesOf(capabilities: Partial<AdapterHarness>): readonly string[] {
  return adapterContract({ ...whole, ...capabilities }).map(({ name }) => name)
}

type Fault = readonly [what: string, rule: string, complaint: RegExp, parts: Partial<WebParts>]
type Stream = WebParts['stream']

/** What may be wrong with an adapter: the rule that it breaks, what the rule says then, and how. */
function FAULTS(): readonly Fault[] {
  const of =
    (parts: Partial<WebParts>) =>
    (what: string, rule: string, complaint: RegExp): Fault => [what, rule, complaint, parts]
  const headers = 'answers with the headers of a stream'
  const ordinary = 'answers an error before the stream is open as an ordinary error: '
  const finite = 'streams what a source has, and ends with it: '
  const failing = 'ends a stream whose source fails, and tells `onError` alone: '
  const idle = 'ends an idle source at once when its client goes: '
  const gone = 'leaves nothing behind of a client that has gone before its stream could begin: '
  const outer = 'keeps what outer middleware sets after the handler, and every cookie: '
  return [
    of({ stream: withHeader('Content-Type', 'text/event-stream') })('names no charset', headers, /other headers/),
    of({ stream: withHeader('Content-Type', 'text/event-stream; charset=UTF8') })(
      'spells it',
      headers,
      /other headers/,
    ),
    of({ stream: withHeader('Cache-Control', undefined) })('lets caches keep it', headers, /other headers/),
    of({ stream: withHeader('X-Accel-Buffering', undefined) })('lets nginx hold it', headers, /other headers/),
    of({ stream: withHeader('ETag', '"1"') })('gives it a tag', headers, /has the header etag/),
    of({ stream: withHeader('Connection', 'keep-alive') })(
      'speaks of the connection',
      'says nothing of the connection',
      /keeps alive/,
    ),
    of({ stream: withHeader('Transfer-Encoding', 'chunked') })(
      'speaks of the coding',
      'streams to a client of HTTP/1.0, which knows no chunks',
      /is chunked/,
    ),
    of({ stream: withBlocks((block) => (block.startsWith('retry') ? [] : [block])) })(
      'sends no first frame',
      'sends a first frame at once: the time to reconnect, and an id of the hub',
      /waited .* for the first frame/,
    ),
    of({ stream: withBlocks((block) => [block.replace(/^id: .*/m, ':')]) })(
      'sends no id',
      'sends a first frame at once: the time to reconnect, and an id of the hub',
      /first frame is another/,
    ),
    of({ stream: withBlocks((block) => [block.replace(/^retry: .*\n/m, '')]) })(
      'sends no time to reconnect',
      'sends a first frame at once: the time to reconnect, and a comment where there are no ids',
      /first frame is another/,
    ),
    of({ stream: (request, source, options) => eventStream(request, source, { ...options, commitAfter: 60_000 }) })(
      'waits for the first event',
      'opens the stream of a source that stays quiet',
      /waited .* for the first frame/,
    ),

    ...['/throws', '/rejects', '/generator-fails', '/stream-fails', '/observable-fails'].flatMap((path) => [
      of({ stream: openEarly })('sends its head first', `${ordinary}${path}`, /the status is 200/),
      of({ app: (app) => ({ ...app, handled: () => ({ status: 418, body: { error: 'refused by its source' } }) }) })(
        'asks nobody',
        `${ordinary}${path}`,
        /has seen 0 errors/,
      ),
    ]),
    of({ stream: swallow })('swallows errors', `${ordinary}/rejects`, /the status is 200/),
    of({ app: (app) => ({ ...app, handled: (error) => ({ ...app.handled(error), status: 500 }) }) })(
      'makes every error a 500',
      `${ordinary}/rejects`,
      /the status is 500/,
    ),
    of({
      app: (app) => ({
        ...app,
        handled: (error) => {
          app.handled(error)
          return app.handled(error)
        },
      }),
    })('tells of an error twice', `${ordinary}/throws`, /has seen 2 errors/),
    of({ stream: reportToo })('tells `onError`, too', `${ordinary}/throws`, /`onError` was told, too/),
    of({ stream: swallow })('swallows errors', 'answers a source that is none as an ordinary error', /status is 200/),
    of({ stream: swallow })('swallows errors', 'answers an error of a POST as an ordinary error', /status is 200/),
    of({ stream: withStatus((status) => (status === 204 ? 404 : status)) })(
      'answers 404 for `null`',
      'answers 204 where there is nothing and never will be',
      /has the status 404/,
    ),
    of({ stream: (request, source, options) => eventStream(request, source ?? empty(), options) })(
      'streams nothing for `null`',
      'answers 204 where there is nothing and never will be',
      /has the status 200/,
    ),

    ...['/generator', '/stream', '/observable', '/function'].flatMap((path) => [
      of({ stream: withBlocks((block) => [block], { ends: false }) })('does not end', `${finite}${path}`, /waited/),
      of({ stream: withBlocks((block) => [block.replace(/^id: 7$/m, ':')]) })('drops ids', `${finite}${path}`, /id/),
      of({ stream: withBlocks((block) => (block === 'data: ' ? [] : [block])) })(
        'drops what is empty',
        `${finite}${path}`,
        /message/,
      ),
    ]),
    of({ stream: withStatus((_, request) => (request.url.endsWith('/empty') ? 204 : 200)) })(
      'takes what is empty for nothing',
      'streams a source that has nothing to say',
      /has the status 204/,
    ),
    ...[
      (text: string): string => text.replaceAll('\u2028', '\n'),
      (text: string): string => text.replaceAll('\ufeff', ''),
      (text: string): string => text.replaceAll('\0', ''),
      (text: string): string => text.normalize('NFD'),
      (text: string): string => text.replace(/ +$/gm, ''),
      (text: string): string => Buffer.from(text).toString('latin1'),
      (text: string): string => text.replace(/[\u{10000}-\u{10ffff}]/gu, '?'),
    ].map((change) =>
      of({ stream: withBlocks((block) => [change(block)]) })(
        `changes texts by ${change}`,
        'carries every text exactly',
        /deep|equal/i,
      ),
    ),

    of({ stream: withRequest(withoutLastEventId) })(
      'ignores `Last-Event-ID`',
      'tells a source where its client was',
      /Last|header/i,
    ),
    of({ stream: withRequest(withoutQuery) })('ignores the query', 'tells a source where its client was', /query/),
    of({ stream: withRequest(preferQuery) })('prefers the query', 'tells a source where its client was', /query/),
    of({ stream: withRequest(refuseIds) })(
      'answers a strange id with an error',
      'tells a source nothing of an id that cannot be one',
      /was answered 500/,
    ),
    of({ stream: withRequest(cutIds) })('cuts long ids', 'tells a source nothing of an id that cannot be one', /of \{/),
    of({ stream: withRequest((request) => endingWithBody(request)) })(
      'takes the end of the body for a disconnect',
      'streams to a POST, whose body the handler has',
      /closed before|waited/,
    ),
    of({
      app: (app) => ({
        ...app,
        routes: app.routes.map((route) => ({ ...route, source: () => route.source({ body: {} }) })),
      }),
    })('loses the body', 'streams to a POST, whose body the handler has', /deep|equal/i),
    of({ stream: withHeader('Connection', 'close') })(
      'closes the connection',
      'serves the next request on the same connection',
      /was closed before/,
    ),
    of({ stream: (request, source) => eventStream(request, source) })(
      'ignores options',
      'answers an option out of range as an ordinary error',
      /waited|200/,
    ),
    of({ stream: (request, source) => eventStream(request, source) })(
      'ignores options',
      "keeps the route's own status, headers and cookies",
      /200 !== 202/,
    ),
    of({ stream: joinCookies })(
      'joins cookies',
      "keeps the route's own status, headers and cookies",
      /one=1 is not among/,
    ),
    of({ stream: withRequest((request) => new Request(request, { method: 'GET' })) })(
      'takes HEAD for GET',
      'answers HEAD with headers alone, and starts no source',
      /sources were started/,
    ),

    of({ stream: withBlocks((block) => [block, block]) })(
      'sends events twice',
      'gives every client every event of its topics, once and in order',
      /deep|equal/i,
    ),
    of({ stream: withBlocks((block) => (block.includes('event 50') ? [] : [block])) })(
      'loses an event',
      'gives every client every event of its topics, once and in order',
      /waited .* for 100 events/,
    ),
    of({ stream: withBlocks((block) => (/^data: 1$/m.test(block) ? [] : [block])) })(
      'begins at the end',
      'begins with what is there, where the subscription says so',
      /waited .* for 3 events/,
    ),
    of({ stream: withSource((source) => (typeof source === 'function' ? later(source) : source)) })(
      'sends what a source says first behind its events',
      'sends what a source says first before the events of its subscription',
      /waited|deep|equal/i,
    ),
    of({ stream: withRequest(withoutLastEventId) })(
      'ignores `Last-Event-ID`',
      'goes on after `Last-Event-ID`',
      /waited .* for 3 events/,
    ),
    of({ stream: withRequest(withoutQuery) })(
      'ignores the query',
      'goes on after `?lastEventId=`, unless there is a header',
      /waited .* for 2 events/,
    ),
    of({ stream: withRequest(preferQuery) })(
      'prefers the query',
      'goes on after `?lastEventId=`, unless there is a header',
      /deep|equal/i,
    ),
    of({ stream: withBlocks((block) => (block.startsWith('event: sse.gap') ? [] : [block])) })(
      'keeps gaps to itself',
      'announces a gap, where events are missing',
      /waited .* for 5 events/,
    ),
    of({ stream: withRequest(refuseIds) })(
      'answers a strange id with an error',
      'announces a gap to an id that it does not know, whatever that is',
      /the first frame/,
    ),
    of({ stream: withBlocks((block) => (block.startsWith('event: sse.gap') ? [] : [block])) })(
      'keeps gaps to itself',
      'sends a snapshot to who is new, and to who has a gap',
      /waited .* for 2 events/,
    ),
    of({ stream: withStatus((status) => (status === 204 ? 200 : status)) })(
      'streams nothing to who has seen the last event',
      'ends with the last event, and answers 204 to who has seen it',
      /is answered 200/,
    ),
    of({ stream: withBlocks((block) => [block], { ends: false }) })(
      'does not end with the last event',
      'ends with the last event, and answers 204 to who has seen it',
      /waited .* for a whole response/,
    ),
    of({ stream: withBlocks((block) => (/^(:|id: .*)$/.test(block) ? [] : [block])) })(
      'sends no heartbeat',
      'sends a heartbeat, with the id that its client has reached',
      /waited .* for three heartbeats/,
    ),
    of({ stream: withBlocks((block) => [/^id: .*$/.test(block) ? ':' : block]) })(
      'sends heartbeats without ids',
      'sends a heartbeat, with the id that its client has reached',
      /waited .* for a heartbeat with the id/,
    ),
    of({ stream: withBlocks((block) => [block], { ends: false }) })(
      'leaves streams open when the hub is closed',
      'ends all streams when the hub is closed, and opens no more',
      /waited .* for a whole response/,
    ),
    of({ stream: withoutHub })(
      'gives streams no hub',
      'ends all streams when the hub is closed, and opens no more',
      /waited .* for a whole response/,
    ),
    of({ stream: withRequest(withoutAccept) })(
      'does not know an `EventSource`',
      'tells an `EventSource` that finds no room when to come back',
      /has the status 503/,
    ),
    of({ stream: withRequest(asEventSource) })(
      'takes everybody for an `EventSource`',
      'tells everyone else that there is no room',
      /answered 200/,
    ),
    of({ stream: withHeader('Retry-After', undefined) })(
      'does not say when to come back',
      'tells everyone else that there is no room',
      /retry-after/,
    ),
    of({ stream: withStatus((status) => (status === 429 ? 503 : status)) })(
      'does not say whose room it is',
      'tells a client that it has too many streams',
      /answered 503/,
    ),

    ...['/fails-later', '/observable-fails-later', '/bad-event'].flatMap((path) => [
      of({ stream: tellErrors })("sends an error's message", `${failing}${path}`, /has reached the client|deep|equal/i),
      of({ stream: (request, source, options) => eventStream(request, source, { ...options, onError: () => {} }) })(
        'tells nobody',
        `${failing}${path}`,
        /not one error was told/,
      ),
      of(handlingLater())('tells the error handling', `${failing}${path}`, /not one error|told as/),
    ]),

    ...[
      ...['/idle-generator', '/quiet-generator', '/idle-iterator', '/idle-observable', '/idle-stream'],
      ...['/idle-function', '/idle-post', '/hub'],
    ].flatMap((path) => [of(deaf)('hears of no disconnect', `${idle}${path}`, /waited .* in the journal/)]),
    of({ stream: failOnDisconnect })('takes a disconnect for an error', `${idle}/idle-generator`, /taken for an error/),
    ...['/gated-generator', '/gated-hub'].flatMap((path) => [
      of(deaf)('streams to who has gone', `${gone}${path}`, /waited .* for the end of a stream/),
    ]),
    of({ stream: complainOnDisconnect })(
      'logs disconnects',
      'tells nobody on the console of clients that go',
      /premature close/,
    ),
    of(deaf)(
      'hears of no disconnect',
      'ends a source whose client goes before the stream is open',
      /waited .* in the journal/,
    ),

    ...[
      'cuts a client that the ring has moved past, and delays no other',
      'cuts a client that is sent more than may wait for it',
      'cuts a client that takes nothing for too long',
      'stops a source while its client does not read, and ends it when that goes',
    ].map((rule) =>
      of({ send: (response, outgoing) => toNode(response, outgoing, { ignoresBackpressure: true }) })(
        'does not wait for who does not read',
        rule,
        /were taken for|waited|has not stopped/,
      ),
    ),
    ...['a source', 'a subscription'].map((what) =>
      of({ send: (response, outgoing) => toNode(response, outgoing, { ignoresDrain: true }) })(
        'does not hear of who reads again',
        `goes on with ${what} when its client reads again, without loss`,
        /waited .* for event/,
      ),
    ),
    of({ send: (response, outgoing) => toNode(response, outgoing, { endsInsteadOfCutting: true }) })(
      'ends who is to be cut',
      'cuts a client that is sent more than may wait for it',
      /end of the connection/,
    ),

    ...['/hub', '/greeted', '/snapshot', '/generator', '/function', '/idle-function', '/empty', '/null', '/full'].map(
      (path) =>
        of({ middleware: (response) => response })(
          'loses what is set late',
          `${outer}${path}`,
          /outer middleware sets/,
        ),
    ),
    of({ middleware: overwriteCookies })('keeps one cookie', `${outer}/hub`, /inner=1/),
    of({ middleware: overwriteCookies })(
      'keeps one cookie',
      'keeps the cookies of middleware beside those of the route',
      /inner=1/,
    ),
    of({ middleware: (response) => response })(
      'loses what is set late',
      'keeps what outer middleware sets after the handler: HEAD /hub',
      /outer middleware sets/,
    ),
    of({
      middleware: (response, request) => {
        if (request.url.endsWith('/refused')) response.headers.set('Cache-Control', 'no-cache')
        return response
      },
    })('adds to a refusal', 'leaves the refusal of a guard as it is, byte for byte', /equal/i),

    of({ stream: keepingBytes() })(
      'keeps 8 KiB of each stream',
      'leaves nothing behind of thousands of streams',
      /bytes/,
    ),
    of({ stream: keepingListeners() })(
      'keeps a listener',
      'leaves nothing behind of thousands of streams',
      /listeners to/,
    ),
    of({ stream: keepTimers })('keeps a timer', REMAINS, /more than before/),
  ]
}

/** Neither the request's signal nor the body's end tells that a client has gone. */
const deaf: Partial<WebParts> = {
  stream: withRequest((request) => new Request(request, { signal: new AbortController().signal })),
  send: (response, outgoing) => toNode(response, outgoing, { ignoresDisconnect: true }),
}

async function* empty(): AsyncGenerator<string> {
  // Nothing, where there should not even be a stream.
}

function withRequest(change: (request: Request) => Request): Stream {
  return async (request, source, options) => eventStream(change(request), source, options)
}

function withSource(change: (source: Source) => Source): Stream {
  return (request, source, options) => eventStream(request, change(source), options)
}

function withHeader(name: string, value: string | undefined): Stream {
  return async (request, source, options) => {
    const response = await eventStream(request, source, options)
    if (value === undefined) response.headers.delete(name)
    else response.headers.set(name, value)
    return response
  }
}

function withStatus(change: (status: number, request: Request) => number): Stream {
  return async (request, source, options) => {
    const { status, headers, body } = await eventStream(request, source, options)
    const changed = change(status, request)
    if (changed === 204) await body?.cancel()
    return new Response(changed === 204 ? null : body, { status: changed, headers })
  }
}

/** Changes what is sent, block by block. */
function withBlocks(change: (block: string) => readonly string[], { ends = true } = {}): Stream {
  return async (request, source, options) => {
    const { status, headers, body } = await eventStream(request, source, options)
    if (body === null) return new Response(null, { status, headers })
    let rest = ''
    const changing = new TransformStream<string, string>({
      transform: (text, controller) => {
        const blocks = `${rest}${text}`.split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks.flatMap(change)) controller.enqueue(`${block}\n\n`)
      },
      flush: () => (ends ? undefined : new Promise(() => {})),
    })
    const changed = body
      .pipeThrough(new TextDecoderStream('utf-8', { ignoreBOM: true }))
      .pipeThrough(changing)
      .pipeThrough(new TextEncoderStream())
    return new Response(changed, { status, headers })
  }
}

/** Sends the head of a stream before there is one. */
async function openEarly(...args: Parameters<Stream>): Promise<Response> {
  const opening = eventStream(...args)
  const body = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      const response = await opening.catch(() => new Response(''))
      for await (const chunk of response.body ?? []) controller.enqueue(chunk)
      controller.close()
    },
  })
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' } })
}

function swallow(...args: Parameters<Stream>): Promise<Response> {
  return eventStream(...args).catch(() => new Response('{}'))
}

async function reportToo(...args: Parameters<Stream>): Promise<Response> {
  try {
    return await eventStream(...args)
  } catch (error) {
    report(args[2], error)
    throw error
  }
}

/** Tells the hub of a stream. */
function report({ hub }: StreamOptions, error: unknown): void {
  hub?.[HOST].onError(error, { stage: 'source' })
}

function withoutLastEventId(request: Request): Request {
  const headers = new Headers(request.headers)
  headers.delete('Last-Event-ID')
  return new Request(request, { headers })
}

function withoutQuery(request: Request): Request {
  return new Request(request.url.replace(/\?.*$/, ''), request)
}

function preferQuery(request: Request): Request {
  return new URL(request.url).search === '' ? request : withoutLastEventId(request)
}

function refuseIds(request: Request): Request {
  if (!/^[\w.-]{0,256}$/.test(lastEventIdOf(request))) throw new Error('what an id!')
  return request
}

function cutIds(request: Request): Request {
  const headers = new Headers(request.headers)
  const id = headers.get('Last-Event-ID')
  if (id !== null) headers.set('Last-Event-ID', id.slice(0, 256))
  return new Request(request, { headers })
}

function lastEventIdOf({ headers, url }: Request): string {
  return headers.get('Last-Event-ID') ?? new URL(url).searchParams.get('lastEventId') ?? ''
}

function endingWithBody(request: Request): Request {
  if (request.method !== 'POST') return request
  const body = new AbortController()
  setImmediate(() => setImmediate(() => setImmediate(() => body.abort())))
  return new Request(request, { signal: body.signal })
}

async function joinCookies(...args: Parameters<Stream>): Promise<Response> {
  const response = await eventStream(...args)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) response.headers.set('Set-Cookie', cookies.join(', '))
  return response
}

/** Holds back what a source sends. */
function later(source: SourceFunction): SourceFunction {
  return (stream) => {
    const { lastEventId, signal, closed, comment, close } = stream
    const send: SseStream['send'] = (event) => {
      setTimeout(() => void stream.send(event), 50)
      return Promise.resolve(true)
    }
    return source({ lastEventId, signal, closed, comment, close, send })
  }
}

function withoutHub(request: Request, source: Source, { hub: _, ...options }: StreamOptions): Promise<Response> {
  return eventStream(request, source, options)
}

function withoutAccept(request: Request): Request {
  const headers = new Headers(request.headers)
  headers.delete('Accept')
  return new Request(request, { headers })
}

function asEventSource(request: Request): Request {
  const headers = new Headers(request.headers)
  headers.set('Accept', 'text/event-stream')
  return new Request(request, { headers })
}

/** Tells the client what went wrong, in a comment. */
async function tellErrors(request: Request, source: Source, options: StreamOptions): Promise<Response> {
  let told = ''
  const onError = (error: unknown): void => {
    told = `: ${error}\n\n`
    report(options, error)
  }
  const { status, headers, body } = await eventStream(request, source, { ...options, onError })
  const telling = new TransformStream<Uint8Array, Uint8Array>({
    flush: (controller) => controller.enqueue(new TextEncoder().encode(told)),
  })
  return new Response(body?.pipeThrough(telling) ?? null, { status, headers })
}

/** Tells the error handling of what goes wrong later. */
function handlingLater(): Partial<WebParts> {
  let onError: (error: unknown) => void = () => {}
  return {
    app: (app) => {
      onError = app.handled
      return app
    },
    stream: (request, source, options) => eventStream(request, source, { ...options, onError }),
  }
}

function failOnDisconnect(request: Request, source: Source, options: StreamOptions): Promise<Response> {
  request.signal.addEventListener('abort', () => report(options, new Error('premature close')))
  return eventStream(request, source, options)
}

function complainOnDisconnect(request: Request, source: Source, options: StreamOptions): Promise<Response> {
  request.signal.addEventListener('abort', () => console.error(new Error('premature close')))
  return eventStream(request, source, options)
}

function overwriteCookies(response: Response): Response {
  response.headers.set('X-Outer', 'after')
  response.headers.set('Set-Cookie', 'outer=1')
  return response
}

function keepingBytes(): Stream {
  const kept: Uint8Array[] = []
  return (...args) => {
    kept.push(new Uint8Array(8_192))
    return eventStream(...args)
  }
}

const kept: (() => void)[] = []

function keepingListeners(): Stream {
  let count = 0
  return (...args) => {
    // Few enough to be warned of by nobody.
    if (count++ % 200 === 0) {
      const listener = (): void => {}
      process.on('beforeExit', listener)
      kept.push(() => process.off('beforeExit', listener))
    }
    return eventStream(...args)
  }
}

function keepTimers(...args: Parameters<Stream>): Promise<Response> {
  const timer = setTimeout(() => {}, 60_000)
  kept.push(() => clearTimeout(timer))
  return eventStream(...args)
}
