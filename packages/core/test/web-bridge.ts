import type { IncomingMessage, ServerResponse } from 'node:http'

/** A request of Node's as one of the Web: its signal is aborted when the client has gone. */
export function toWeb(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): Request {
  const client = new AbortController()
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) client.abort()
  })
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(incoming.headersDistinct)) {
    for (const value of values) headers.append(name, value)
  }
  const method = incoming.method ?? 'GET'
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(`http://localhost${incoming.url}`, {
    method,
    headers,
    signal: client.signal,
    ...(hasBody && { body: new Uint8Array(body) }),
  })
}

/** What a bridge may fail to do. */
export interface BridgeFaults {
  /** It does not tell the body that the client has gone. */
  readonly ignoresDisconnect?: boolean
  /** It does not wait for a client that does not read. */
  readonly ignoresBackpressure?: boolean
  /** It does not hear of a client that reads again. */
  readonly ignoresDrain?: boolean
  /** It ends what was to be cut. */
  readonly endsInsteadOfCutting?: boolean
}

/** Sends a response of the Web's at the client's pace, and cancels its body when the client goes. */
export async function toNode(response: Response, outgoing: ServerResponse, faults: BridgeFaults = {}): Promise<void> {
  outgoing.writeHead(response.status, [...response.headers].flat())
  if (response.body === null || outgoing.req.method === 'HEAD') {
    await response.body?.cancel()
    outgoing.end()
    return
  }
  outgoing.flushHeaders()
  const reader = response.body.getReader()
  const leave = (): void => {
    if (faults.ignoresDisconnect !== true) reader.cancel().catch(() => {})
  }
  outgoing.on('close', leave)
  if (outgoing.destroyed) leave()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (!outgoing.write(value) && faults.ignoresBackpressure !== true) await drained(outgoing, faults)
    }
    outgoing.end()
  } catch {
    // The stream was cut: so is the connection.
    if (faults.endsInsteadOfCutting === true) outgoing.end()
    else outgoing.destroy()
  }
}

/** Resolves when there is room again, or nobody left to have some. */
function drained(outgoing: ServerResponse, faults: BridgeFaults): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done)
      outgoing.off('close', done)
      resolve()
    }
    if (faults.ignoresDrain !== true) outgoing.on('drain', done)
    outgoing.on('close', done)
    if (outgoing.destroyed) done()
  })
}
