/** A response as it came over the wire. */
export interface WireResponse {
  readonly version: string
  readonly status: number
  /** By lower-case name; a header that came several times has several values. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  /** What has come of the body, without the chunk coding. */
  readonly body: Buffer
  /** Whether all of it has come. */
  readonly isComplete: boolean
}

const CRLF = '\r\n'
const HEAD_END = '\r\n\r\n'

/**
 * Reads the responses to requests that one connection has sent, by the letter of RFC 9112, more strictly than clients
 * do: every byte must be where the grammar has it, so that bytes after a terminal chunk, or between two, are an error.
 *
 * @param bytes everything that has come so far.
 * @param options `ended`: whether the connection has been closed. `methods`: of the requests, `GET` unless said.
 * @throws {Error} naming the place, if a byte is not what it must be.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-6.3
 */
export function readResponses(
  bytes: Buffer,
  options: { readonly ended?: boolean; readonly methods?: readonly string[] } = {},
): readonly WireResponse[] {
  const responses: WireResponse[] = []
  let offset = 0
  while (offset < bytes.length) {
    const headEnd = bytes.indexOf(HEAD_END, offset)
    if (headEnd < 0) break
    const head = readHead(bytes.toString('latin1', offset, headEnd), offset)
    const method = options.methods?.[responses.length] ?? 'GET'
    const { body, end } = readBody(bytes, headEnd + HEAD_END.length, { head, method, ended: options.ended === true })
    responses.push({ ...head, body, isComplete: end !== undefined })
    if (end === undefined) break
    offset = end
  }
  return responses
}

interface Head {
  readonly version: string
  readonly status: number
  readonly headers: ReadonlyMap<string, readonly string[]>
}

function readHead(text: string, offset: number): Head {
  const [statusLine = '', ...lines] = text.split(CRLF)
  const [, version = '', status = ''] = /^HTTP\/(1\.[01]) (\d{3}) [^\r\n]*$/.exec(statusLine) ?? []
  if (status === '') throw new Error(`no status line at byte ${offset}: ${JSON.stringify(statusLine.slice(0, 80))}`)
  const headers = new Map<string, string[]>()
  for (const line of lines) {
    const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([^\r\n]*)$/.exec(line) ?? []
    if (name === '') throw new Error(`no header: ${JSON.stringify(line)}`)
    const key = name.toLowerCase()
    headers.set(key, [...(headers.get(key) ?? []), value])
  }
  return { version, status: Number(status), headers }
}

interface BodyOptions {
  readonly head: Head
  readonly method: string
  readonly ended: boolean
}

/** The body that begins at an offset, and where it ends, unless that has not come. */
function readBody(bytes: Buffer, start: number, { head, method, ended }: BodyOptions): { body: Buffer; end?: number } {
  const { status, headers } = head
  if (method === 'HEAD' || status === 204 || status === 304) return { body: Buffer.alloc(0), end: start }
  if (headers.has('transfer-encoding')) return readChunks(bytes, start)
  const length = headers.get('content-length')?.[0]
  if (length === undefined) return { body: bytes.subarray(start), ...(ended && { end: bytes.length }) }
  const end = start + Number(length)
  return { body: bytes.subarray(start, end), ...(end <= bytes.length && { end }) }
}

function readChunks(bytes: Buffer, start: number): { body: Buffer; end?: number } {
  const chunks: Buffer[] = []
  let offset = start
  for (;;) {
    const lineEnd = bytes.indexOf(CRLF, offset)
    if (lineEnd < 0) return { body: Buffer.concat(chunks) }
    const size = bytes.toString('latin1', offset, lineEnd)
    if (!/^(0|[1-9a-fA-F][\da-fA-F]*)$/.test(size))
      throw new Error(`no chunk size at ${offset}: ${peek(bytes, offset)}`)
    const from = lineEnd + CRLF.length
    const to = from + Number.parseInt(size, 16)
    if (bytes.length < to + CRLF.length) return { body: Buffer.concat([...chunks, bytes.subarray(from, to)]) }
    if (bytes.toString('latin1', to, to + CRLF.length) !== CRLF) {
      throw new Error(`no CRLF after the chunk at ${offset}: ${peek(bytes, to)}`)
    }
    if (size === '0') return { body: Buffer.concat(chunks), end: to + CRLF.length }
    chunks.push(bytes.subarray(from, to))
    offset = to + CRLF.length
  }
}

function peek(bytes: Buffer, offset: number): string {
  return JSON.stringify(bytes.toString('latin1', offset, offset + 40))
}
