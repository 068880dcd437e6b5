import type { IncomingMessage, ServerResponse } from 'node:http'
import { Chunk } from '../connection/chunk.ts'
import type { Respond, ResponseHead, Sink, SinkOwner } from '../connection/sink.ts'
import { afterTurn } from '../connection/turn.ts'
import type { BodyOwner } from '../connection/web-body.ts'
import { NodeSink } from './node-sink.ts'
import { Takeover } from './takeover.ts'

/** A body that a framework reads, of whatever kind it takes. */
export interface Body<Stream> {
  readonly stream: Stream
  readonly bufferedBytes: number
  /** Takes bytes. False: taken, but now it is full, and its owner will hear that it has drained. */
  write(bytes: Uint8Array): boolean
  end(): void
  /** Whether its end has reached whoever reads it. */
  readonly hasEnded: boolean
  /** Whoever reads it, or is about to, is told that it was cut. */
  cut(reason: string): void
}

/** A request, its response, and how the framework is given a head and a body to send. */
export interface BodyExchange<Stream> {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Called at most once, when the stream opens or is answered otherwise: with a client that has gone, never. */
  readonly respond: Respond<Stream>
}

/**
 * A response of `node:http` that a framework sends, when all its middleware has had its say: it is given a body.
 *
 * As soon as it sends that body just as it is, the response is written to directly, as `NodeSink` does it. Where
 * something stands between, such as a compressor, everything goes through the body.
 */
export class BodySink<Stream> implements Sink, BodyOwner {
  readonly isHead: boolean
  readonly #response: ServerResponse
  readonly #direct: NodeSink
  readonly #respond: Respond<Stream>
  readonly #bodyFor: (owner: BodyOwner) => Body<Stream>
  readonly #takeover: Takeover
  #owner: SinkOwner | undefined
  #body: Body<Stream> | undefined
  #isDirect = false
  #isFull = false
  #hasEnded = false
  #written = 0

  constructor({ request, response, respond }: BodyExchange<Stream>, bodyFor: (owner: BodyOwner) => Body<Stream>) {
    this.#direct = new NodeSink(request, response)
    this.#response = response
    this.#respond = respond
    this.#bodyFor = bodyFor
    this.#takeover = new Takeover(response, (hasRoom) => this.#takeOver(hasRoom))
    this.isHead = this.#direct.isHead
  }

  own(owner: SinkOwner): void {
    this.#owner = owner
    this.#direct.own(owner)
  }

  hasVanished(patience: number, now: number): boolean {
    return this.#direct.hasVanished(patience, now)
  }

  get address(): string | undefined {
    return this.#direct.address
  }

  get isGone(): boolean {
    return this.#direct.isGone
  }

  get bufferedBytes(): number {
    const bytes = (this.#body?.bufferedBytes ?? 0) + this.#direct.bufferedBytes
    return this.#hasEnded && !this.#response.writableFinished ? Math.max(1, bytes) : bytes
  }

  get progress(): number {
    return this.#isDirect ? this.#direct.progress : this.#written - this.bufferedBytes
  }

  open(head: ResponseHead, first: string): boolean {
    this.#body = this.#bodyFor(this)
    const hasRoom = this.#writeBody(Chunk.ofText(first, 0))
    this.#respond(head, this.#body.stream)
    return hasRoom
  }

  release(): void {
    this.#takeover.stop()
    this.#direct.release()
  }

  respond(head: ResponseHead, text?: string): void {
    this.#respond(head, text)
  }

  write(chunk: Chunk): boolean {
    return this.#isDirect ? this.#direct.write(chunk) : this.#writeBody(chunk)
  }

  end(): void {
    this.#hasEnded = true
    this.#direct.handRest()
    this.#body?.end()
    // Whoever has read that ends the response, after what is added to the body on its way. Nobody may come to read it.
    if (this.#isDirect) afterTurn(() => this.#body?.hasEnded === false && this.#direct.end())
  }

  destroy(): void {
    // The framework lets go of the body of a response that has closed.
    if (!this.#isReplaced) return this.#direct.destroy()
    this.#body?.cut('The stream was cut.')
  }

  drained(): void {
    if (!this.#isDirect && this.#isFull) this.#tellDrained()
  }

  gone(): void {
    this.#takeover.stop()
    if (!this.#hasEnded) this.#owner?.gone()
  }

  /** Whether the framework sends another body: nothing of this one was read. That response is not ours to cut. */
  get #isReplaced(): boolean {
    return (this.#response.writableEnded || this.#takeover.isRefuted) && this.#body?.bufferedBytes === this.#written
  }

  #writeBody({ bytes }: Chunk): boolean {
    this.#takeover.give(bytes)
    this.#written += bytes.length
    this.#isFull = this.#body?.write(bytes) !== true
    return !this.#isFull
  }

  #takeOver(hasRoom: boolean): void {
    this.#isDirect = true
    if (!this.#isFull) return
    if (hasRoom) this.#tellDrained()
    else this.#response.once('drain', () => this.#tellDrained())
  }

  #tellDrained(): void {
    this.#isFull = false
    this.#owner?.drained()
  }
}
