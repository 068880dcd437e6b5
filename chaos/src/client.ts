import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'
import type { GapReason, Sight, Trail } from './history.ts'
import type { ClientPlan } from './plan.ts'

/** After so many milliseconds a client comes again that was sent away or found nobody. */
const RETRY = 25

/** What a client needs to know of the run. */
export interface ClientOptions extends ClientPlan {
  readonly name: string
  /** The port of a node, if it is there; and the next node, if it is not. */
  portOf(node: number): number | undefined
  readonly nodes: number
  now(): number
}

/** A client over HTTP that always comes again, at the node it is sent to, with the last id it was told. */
export class Client implements AsyncDisposable {
  readonly trail: Trail
  readonly #options: ClientOptions
  readonly #ending = new AbortController()
  #node: number
  #lastId: string | undefined
  #request: ClientRequest | undefined
  #response: IncomingMessage | undefined
  /** So many bytes it still takes before it leaves. */
  #left = Number.POSITIVE_INFINITY
  /** An id that came, and maybe an event of it. */
  #untoldId: string | undefined
  #away = 0
  readonly #life: Promise<void>

  constructor(options: ClientOptions, node: number) {
    this.#options = options
    this.#node = node
    this.trail = { client: options.name, topics: options.topics, seen: [] }
    this.#life = this.#live()
  }

  /** Leaves after so many bytes, and comes again at a node after so many milliseconds. */
  hop({ node, bytes, away }: { readonly node: number; readonly bytes: number; readonly away: number }): void {
    this.#node = node
    this.#away = away
    if (bytes === 0) this.#request?.destroy()
    else this.#left = bytes
  }

  /** Takes nothing for so many milliseconds. */
  pause(milliseconds: number): void {
    const response = this.#response
    response?.pause()
    setTimeout(() => response?.resume(), milliseconds).unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort()
    this.#request?.destroy()
    await this.#life
  }

  async #live(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      await this.#visit()
      const away = Math.max(this.#away, RETRY)
      this.#away = 0
      await pause(away, undefined, { signal }).catch(() => {})
    }
  }

  /** One request, to its end. */
  #visit(): Promise<void> {
    const { topics, replay, portOf, nodes } = this.#options
    const port = portOf(this.#node)
    if (port === undefined) {
      this.#node = (this.#node + 1) % nodes
      return Promise.resolve()
    }
    const path = `/?topics=${encodeURIComponent(topics.join(' '))}&replay=${replay}`
    const headers = {
      accept: 'text/event-stream',
      ...(this.#lastId !== undefined && { 'last-event-id': this.#lastId }),
    }
    this.#note({ kind: 'request', at: this.#options.now(), node: `node ${this.#node}`, id: this.#lastId })
    this.#left = Number.POSITIVE_INFINITY
    return new Promise((resolve) => {
      const request = get({ port, path, headers, agent: false }, (response) => this.#read(response))
      this.#request = request
      // That streams are cut is what this is about.
      request.on('error', () => {}).on('close', () => resolve())
    })
  }

  #read(response: IncomingMessage): void {
    this.#response = response
    const decoder = new TextDecoder()
    const parser = createParser({
      onId: (id) => {
        this.#flushId()
        this.#lastId = id
        this.#untoldId = id
      },
      onEvent: ({ event, id, data }) => {
        // It was told of an event's own id just before.
        this.#untoldId = undefined
        this.#note(sightOf({ event, id, data }, this.#options.now()))
      },
    })
    response.on('error', () => {})
    response.on('data', (bytes: Buffer) => {
      // What comes after the client has left it never sees.
      if (this.#left <= 0) return
      parser.feed(decoder.decode(bytes.subarray(0, this.#left), { stream: true }))
      this.#flushId()
      this.#left -= bytes.length
      if (this.#left <= 0) this.#request?.destroy()
    })
  }

  #flushId(): void {
    if (this.#untoldId === undefined) return
    this.#note({ kind: 'id', at: this.#options.now(), id: this.#untoldId })
    this.#untoldId = undefined
  }

  #note(sight: Sight): void {
    this.trail.seen.push(sight)
  }
}

interface ReadEvent {
  readonly event: string | undefined
  readonly id: string | undefined
  readonly data: string
}

function sightOf({ event, id = '', data }: ReadEvent, at: number): Sight {
  if (event === 'sse.gap') {
    const { reason, from, to } = JSON.parse(data) as { reason: GapReason; from: string | null; to: string }
    return { kind: 'gap', at, reason, from, to }
  }
  const { n, topic, pad } = JSON.parse(data) as { n: number; topic: string; pad: string }
  return { kind: 'event', at, id, serial: n, topic, size: pad.length }
}
