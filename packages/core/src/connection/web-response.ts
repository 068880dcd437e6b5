import { type HeaderTarget, type ResponseHead, setHeaders } from './sink.ts'

/**
 * A response of the Web's.
 *
 * @param base has the status and the headers that a framework was told already; it is left as it is.
 */
export function responseOf(
  head: ResponseHead,
  body: ReadableStream<Uint8Array> | string | undefined,
  base?: Pick<Response, 'status' | 'headers'>,
): Response {
  const headers = new Headers(base?.headers)
  setHeaders(head, new HeadersTarget(headers))
  return new Response(body ?? null, { status: head.status ?? base?.status ?? 200, headers })
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
