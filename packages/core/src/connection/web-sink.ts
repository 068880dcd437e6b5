import type { Chunk } from './chunk.ts'
import type { Respond, ResponseHead, Sink, SinkOwner } from './sink.ts'
import { afterTurn } from './turn.ts'
import { type BodyOwner, WebBody } from './web-body.ts'

const encoder = new TextEncoder()

/** What answers a `Request`: a body that is read at the client's pace. */
export class WebSink implements Sink, BodyOwner {
  readonly isHead: boolean
  readonly address: undefined
  /** Held for its signal: on Node a request that was collected no longer passes on that its client has gone. */
  readonly #request: Request
  readonly #respond: Respond<ReadableStream<Uint8Array>>
  readonly #onAbort = (): void => this.#aborted()
  #owner: SinkOwner | undefined
  #body: WebBody | undefined
  #written = 0

  /** @param respond gets the head and the body as soon as the stream opens or is refused. */
  constructor(request: Request, respond: Respond<ReadableStream<Uint8Array>>) {
    this.isHead = request.method === 'HEAD'
    this.#request = request
    this.#respond = respond
  }

  own(owner: SinkOwner): void {
    const { signal } = this.#request
    this.#owner = owner
    // One that was aborted says nothing more.
    if (!signal.aborted) signal.addEventListener('abort', this.#onAbort)
  }

  get isGone(): boolean {
    return this.#request.signal.aborted
  }

  get bufferedBytes(): number {
    return this.#body?.bufferedBytes ?? 0
  }

  get progress(): number {
    return this.#written - this.bufferedBytes
  }

  open(head: ResponseHead, first: string): boolean {
    this.#body = new WebBody(this)
    const hasRoom = this.#write(encoder.encode(first))
    this.#respond(head, this.#body.stream)
    return hasRoom
  }

  release(): void {
    this.#request.signal.removeEventListener('abort', this.#onAbort)
  }

  respond(head: ResponseHead, text?: string): void {
    this.release()
    this.#respond(head, text)
  }

  write(chunk: Chunk): boolean {
    return this.#write(chunk.bytes)
  }

  end(): void {
    this.release()
    this.#body?.end()
  }

  destroy(): void {
    this.release()
    this.#body?.cut('The stream was cut.')
  }

  drained(): void {
    this.#owner?.drained()
  }

  gone(): void {
    this.release()
    this.#owner?.gone()
  }

  #aborted(): void {
    this.release()
    this.#owner?.gone()
    // Whoever reads the body must not wait for ever. A server cancels it, in this turn; were it cut before, some servers
    // would take that for an error of the application's, and log it.
    afterTurn(() => this.#body?.cut('The client has gone.'))
  }

  #write(bytes: Uint8Array): boolean {
    this.#written += bytes.length
    return this.#body?.write(bytes) === true
  }
}
