/** A response as its bytes say, read more strictly than clients do. */
export interface WireResponse {
  readonly status: number
  /** By lower-case name; the last of several. */
  readonly headers: ReadonlyMap<string, string>
  /** What has come of the body, without the chunk coding. */
  readonly body: Buffer
  readonly isComplete: boolean
}

/** What has come on one connection. */
export interface Received {
  readonly bytes: Buffer
  /** Of the requests, in order. */
  readonly methods: readonly string[]
  readonly hasEnded: boolean
}

const HEAD_END = '\r\n\r\n'

/**
 * Reads the responses that a connection got by the letter of RFC 9112: each byte must be where the grammar has it, so that
 * bytes after a terminal chunk, or between two, are an error. Interim responses are left out.
 *
 * @throws {Error} naming the place of the first byte that is not what it must be.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-6.3
 */
export function parseResponses({ bytes, methods, hasEnded }: Received): readonly WireResponse[] {
  const responses: WireResponse[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const headEnd = bytes.indexOf(HEAD_END, offset)
    if (headEnd < 0) {
      assertBeginsHead(bytes.toString('latin1', offset, offset + 5), offset)
      break
    }
    const head = parseHead(bytes.toString('latin1', offset, headEnd), offset)
    offset = headEnd + HEAD_END.length
    if (head.status < 200) continue
    const method = methods[responses.length] ?? 'GET'
    const isBodiless = (method === 'HEAD' && !isRefusal(head)) || head.status === 204 || head.status === 304
    const { body, end } = isBodiless ? { body: Buffer.alloc(0), end: offset } : parseBody(bytes, offset, head.headers)
    // What says nothing of its length goes on until the connection ends.
    const isComplete =
      end !== undefined || (hasEnded && !isChunked(head.headers) && !head.headers.has('content-length'))
    responses.push({ ...head, body, isComplete })
    if (end === undefined) break
    offset = end
  }
  return responses
}

function assertBeginsHead(text: string, offset: number): void {
  if (!'HTTP/'.startsWith(text)) throw new Error(`bytes that no response has at ${offset}: ${JSON.stringify(text)}`)
}

function parseHead(text: string, offset: number): Pick<WireResponse, 'status' | 'headers'> {
  const [first = '', ...lines] = text.split('\r\n')
  const status = /^HTTP\/1\.[01] (\d{3}) [\x20-\x7e]*$/.exec(first)?.[1]
  if (status === undefined) throw new Error(`no status line at ${offset}: ${JSON.stringify(first.slice(0, 80))}`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([^\r\n\0]*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`no header: ${JSON.stringify(line)}`)
    headers.set(name.toLowerCase(), value)
  }
  return { status: Number(status), headers }
}

/** Whether it was refused as no HTTP, before its method counted: only then has the answer to a HEAD a body. */
function isRefusal({ status, headers }: Pick<WireResponse, 'status' | 'headers'>): boolean {
  return status >= 400 && status !== 404 && headers.get('connection')?.toLowerCase() === 'close'
}

function isChunked(headers: WireResponse['headers']): boolean {
  return headers.get('transfer-encoding') === 'chunked'
}

function parseBody(
  bytes: Buffer,
  start: number,
  headers: WireResponse['headers'],
): { readonly body: Buffer; readonly end?: number } {
  if (isChunked(headers)) return parseChunks(bytes, start)
  const length = headers.get('content-length')
  if (length === undefined) return { body: bytes.subarray(start) }
  const end = start + Number(length)
  return { body: bytes.subarray(start, end), ...(end <= bytes.length && { end }) }
}

function parseChunks(bytes: Buffer, start: number): { readonly body: Buffer; readonly end?: number } {
  const chunks: Buffer[] = []
  for (let offset = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', offset)
    if (lineEnd < 0) return { body: Buffer.concat(chunks) }
    const size = bytes.toString('latin1', offset, lineEnd)
    if (!/^(0|[1-9a-fA-F][\da-fA-F]*)$/.test(size))
      throw new Error(`no chunk size at ${offset}: ${JSON.stringify(size)}`)
    const from = lineEnd + 2
    const to = from + Number.parseInt(size, 16)
    const after = bytes.toString('latin1', to, to + 2)
    if (!'\r\n'.startsWith(after)) throw new Error(`no CRLF after the chunk at ${offset}: ${JSON.stringify(after)}`)
    chunks.push(bytes.subarray(from, Math.min(to, bytes.length)))
    if (after.length < 2) return { body: Buffer.concat(chunks) }
    if (size === '0') return { body: Buffer.concat(chunks), end: to + 2 }
    offset = to + 2
  }
}
