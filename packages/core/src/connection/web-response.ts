import { type HeaderTarget, type ResponseHead, setHeaders } from './sink.ts'

/** A response of the Web's. */
export function responseOf(head: ResponseHead, body: ReadableStream<Uint8Array> | string | undefined): Response {
  const headers = new Headers()
  setHeaders(head, new HeadersTarget(headers))
  return new Response(body ?? null, { status: head.status ?? 200, headers })
}

/** `Headers` as what headers are set on: several values of one name, as `Set-Cookie` has, must not be joined. */
class HeadersTarget implements HeaderTarget {
  readonly #headers: Headers

  constructor(headers: Headers) {
    this.#headers = headers
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name)
  }

  setHeader(name: string, value: string | readonly string[]): void {
    this.#headers.delete(name)
    this.appendHeader(name, value)
  }

  appendHeader(name: string, value: string | readonly string[]): void {
    for (const one of typeof value === 'string' ? [value] : value) this.#headers.append(name, one)
  }
}
