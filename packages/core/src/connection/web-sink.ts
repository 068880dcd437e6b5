import { Chunk } from './chunk.ts'
import type { ResponseHead, Sink, SinkOwner } from './sink.ts'

/** How many bytes may wait in a stream that nobody reads. */
const HIGH_WATER_MARK = 16 * 1024

/** A `Response` whose body is read at the client's pace. */
export class WebSink implements Sink {
  readonly isHead: boolean
  readonly address: undefined
  /** Held for its signal: on Node a request that was collected no longer passes on that its client has gone. */
  readonly #request: Request
  readonly #respond: (response: Response) => void
  readonly #onAbort = (): void => this.#gone()
  #owner: SinkOwner | undefined
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #isFull = false
  #written = 0

  /** @param respond gets the response as soon as the stream opens or is refused. */
  constructor(request: Request, respond: (response: Response) => void) {
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
    return HIGH_WATER_MARK - (this.#controller?.desiredSize ?? HIGH_WATER_MARK)
  }

  get progress(): number {
    return this.#written - this.bufferedBytes
  }

  open(head: ResponseHead, first: string): boolean {
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#pulled(),
        cancel: () => this.#gone(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_MARK }),
    )
    const hasRoom = this.write(Chunk.ofText(first, 0))
    this.#respond(new Response(body, responseInit(head)))
    return hasRoom
  }

  release(): void {
    this.#request.signal.removeEventListener('abort', this.#onAbort)
  }

  respond(head: ResponseHead, text?: string): void {
    this.release()
    this.#respond(new Response(text ?? null, responseInit(head)))
  }

  write(chunk: Chunk): boolean {
    const controller = this.#controller
    if (controller === undefined) return false
    controller.enqueue(chunk.bytes)
    this.#written += chunk.bytes.length
    this.#isFull = (controller.desiredSize ?? 0) <= 0
    return !this.#isFull
  }

  end(): void {
    this.release()
    this.#controller?.close()
    this.#controller = undefined
  }

  destroy(): void {
    this.release()
    this.#controller?.error(new DOMException('The stream was cut.', 'AbortError'))
    this.#controller = undefined
  }

  #pulled(): void {
    if (!this.#isFull) return
    this.#isFull = false
    this.#owner?.drained()
  }

  #gone(): void {
    this.release()
    // Whoever reads the body of an aborted request must not wait for ever; of a cancelled one, nobody does.
    this.#controller?.error(new DOMException('The client has gone.', 'AbortError'))
    this.#controller = undefined
    this.#owner?.gone()
  }
}

function responseInit({ status, defaults, headers }: ResponseHead): ResponseInit {
  const all = new Headers(defaults)
  for (const [name, value] of headers) {
    if (typeof value === 'string') all.set(name, value)
    else replace(all, name, value)
  }
  return { status: status ?? 200, headers: all }
}

/** Several values of one name: `Set-Cookie` must not be joined. */
function replace(headers: Headers, name: string, values: readonly string[]): void {
  headers.delete(name)
  for (const value of values) headers.append(name, value)
}
