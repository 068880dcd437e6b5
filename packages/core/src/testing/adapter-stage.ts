import assert from 'node:assert/strict'
import type { Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { AdapterCommand, AdapterState } from './app/control.ts'
import { type EventReading, type ReadEventsOptions, readEvents } from './read-events.ts'
import { WireClient, type WireRequest } from './wire-client.ts'

/** A server that has mounted an `adapterApp`. */
export interface AdapterServer {
  /** Where it is, such as `http://127.0.0.1:3000`; it may have a path, which all routes then begin with. HTTP/1.1. */
  readonly url: string
  /** Closes it, also where clients are still connected. */
  close(): void | Promise<void>
  /** The server itself where it is one of Node's in this process: its listeners are counted. */
  readonly server?: Server
  /**
   * Everything that the server's process has written to its console so far, where it is another process: a client that goes
   * is no error, and nobody is to be told of it. In this process the console is listened to.
   */
  said?(): string
}

/** How to get at an adapter, and what its platform cannot do. What it cannot do has no cases. */
export interface AdapterHarness {
  /** Starts a server of an `adapterApp` that nobody else uses. Called once for every case. */
  start(): AdapterServer | Promise<AdapterServer>
  /**
   * The server runs on Node, in this process: what it leaves behind of ten thousand streams is measured here. Default
   * true; other processes and runtimes do not tell.
   */
  readonly isNode?: boolean
  /**
   * A client that goes is noticed while its source is quiet. Default true; workerd tells it at the next write only, and an
   * idle source there has none.
   */
  readonly knowsDisconnectWhenIdle?: boolean
  /**
   * The runtime tells that a client does not read, and holds little of what it is given for it. Default true; some accept
   * whatever is written, so that nobody can know.
   */
  readonly knowsSlowClients?: boolean
  /** There is a middleware around the handler that can set headers after it. Default true; not every framework has one. */
  readonly hasOuterMiddleware?: boolean
  /** Options may be given with a source. Default true; where a decorator takes them, they are none of the route's. */
  readonly takesOptions?: boolean
  /** The framework answers HEAD by its GET routes. Default true. */
  readonly answersHead?: boolean
  /** How many streams are opened and closed to see what stays. Default 10,000, half of them before the first look. */
  readonly opens?: number
  /** Collects garbage; default: asks V8 to, in this process. */
  collectGarbage?(): void | Promise<void>
  /** How long a case waits for anything, in milliseconds. Default 10,000: less than a heartbeat takes. */
  readonly timeout?: number
}

/** What a request says that the contract sends. */
export type StageRequest = Omit<WireRequest, 'path'>

/** So many events are published by one request, whose body frameworks bound at about 100 KB. */
const BATCH = 20

const EVENT_SOURCE = 'Accept: text/event-stream'

/** One fresh server, and all its clients in one case. */
export class AdapterStage {
  readonly harness: AdapterHarness
  readonly server: AdapterServer
  readonly timeout: number
  readonly #url: URL
  readonly #clients: WireClient[] = []
  readonly #readings: EventReading[] = []

  constructor(harness: AdapterHarness, server: AdapterServer) {
    this.harness = harness
    this.server = server
    this.timeout = harness.timeout ?? 10_000
    this.#url = new URL(server.url)
  }

  /** The address of a route. */
  urlOf(path: string): string {
    return `${this.#url.origin}${this.pathOf(path)}`
  }

  /** The path of a route on this server. */
  pathOf(path: string): string {
    return `${this.#url.pathname.replace(/\/$/, '')}${path}`
  }

  /** A new connection. */
  connect(): WireClient {
    const client = WireClient.connect(this.#url, this.timeout)
    this.#clients.push(client)
    return client
  }

  /** A new connection that has sent a request, as an `EventSource` does. */
  ask(path: string, request: StageRequest = {}): WireClient {
    const { headers = [], ...rest } = request
    return this.connect().send({ ...rest, path: this.pathOf(path), headers: [EVENT_SOURCE, ...headers] })
  }

  /** A new connection that has sent a body of JSON. */
  post(path: string, body: unknown): WireClient {
    const headers = ['Content-Type: application/json']
    return this.ask(path, { method: 'POST', headers, body: JSON.stringify(body) })
  }

  /** A new connection whose stream is open: its first frame has come. */
  async open(path: string, request?: StageRequest): Promise<WireClient> {
    const client = this.ask(path, request)
    await client.until('the first frame of a stream', () => client.body.includes('\n\n'))
    const { status } = await client.head()
    assert.equal(status, 200, `${path} answered ${status}: ${client.body}`)
    return client
  }

  /** Reads a stream event by event: for long ones. */
  read(path: string, options?: ReadEventsOptions): EventReading {
    const reading = readEvents(this.urlOf(path), options)
    this.#readings.push(reading)
    return reading
  }

  /** Has the application carry out a command. */
  async control(command: AdapterCommand): Promise<AdapterState> {
    const client = WireClient.connect(this.#url, this.timeout)
    try {
      const path = this.pathOf('/control')
      const headers = ['Content-Type: application/json', 'Connection: close']
      const { status, body } = await client
        .send({ method: 'POST', path, headers, body: JSON.stringify(command) })
        .whole()
      assert(status >= 200 && status < 300, `POST /control answered ${status}: ${body}`)
      return JSON.parse(String(body))
    } finally {
      await client.leave()
    }
  }

  /** Publishes an event of `data` for each text, and answers their ids. */
  async publish(topic: string, texts: readonly string[], more: { hub?: 'short' } = {}): Promise<readonly string[]> {
    const ids: string[] = []
    for (let start = 0; start < texts.length; start += BATCH) {
      const events = texts.slice(start, start + BATCH).map((data) => ({ data }))
      ids.push(...(await this.control({ do: 'publish', topic, events, ...more })).ids)
    }
    return ids
  }

  /** Waits until the journal has an entry, so many times. */
  untilNoted(entry: string, count: number = 1): Promise<AdapterState> {
    return this.until(`${JSON.stringify(entry)} in the journal`, ({ journal }) => (journal[entry] ?? 0) >= count)
  }

  /** Waits until so many streams are open. */
  untilSize(count: number): Promise<AdapterState> {
    return this.until(`${count} open streams`, ({ size }) => size === count)
  }

  /** Waits for a condition, by asking the application again and again. */
  async until(what: string, condition: (state: AdapterState) => boolean): Promise<AdapterState> {
    const deadline = performance.now() + this.timeout
    for (;;) {
      const state = await this.control({ do: 'look' })
      if (condition(state)) return state
      if (performance.now() > deadline) {
        throw new Error(`waited ${this.timeout} ms for ${what}; the application says ${JSON.stringify(state)}`)
      }
      await delay(2)
    }
  }

  /** Waits for something else, with the same bound. */
  async within<T>(what: string, promise: PromiseLike<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`waited ${this.timeout} ms for ${what}`)), this.timeout)
    })
    try {
      return await Promise.race([promise, deadline])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Waits until the application has heard of everything that has been sent to it, or done, so far. */
  async settle(): Promise<AdapterState> {
    // What is true of one connection only after what is true of another shows in no condition.
    for (let n = 0; n < 10; n++) await this.control({ do: 'look' })
    return this.control({ do: 'look' })
  }

  /** Lets go of all clients, and of the server. */
  async clear(): Promise<void> {
    await Promise.allSettled([
      ...this.#clients.map((client) => client.leave()),
      ...this.#readings.map((reading) => reading.return()),
    ])
    await this.server.close()
  }
}

/** Plays one case on a server of its own. */
export async function onAdapterStage(
  harness: AdapterHarness,
  play: (stage: AdapterStage) => Promise<void>,
): Promise<void> {
  const stage = new AdapterStage(harness, await harness.start())
  try {
    await play(stage)
  } finally {
    await stage.clear()
  }
}
