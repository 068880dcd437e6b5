import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Source, StreamOptions } from '../../src/index.ts'
import type { BuiltCore } from './built-core.ts'

/** The answer to a request, to be read at the client's pace. */
export interface Stream {
  readonly status: number
  /** The next bytes; `undefined` at the end. Rejects if the stream was cut. */
  read(): Promise<Uint8Array | undefined>
  /** The client goes. */
  cancel(): void
}

/** What a client asks for. */
export interface Asked {
  readonly core: BuiltCore
  readonly source: Source
  readonly options: StreamOptions
  readonly lastEventId: string | undefined
  /** How the client goes: it cancels the body, or aborts the request. */
  readonly aborts: boolean
}

/** Asks through the Web form. */
export async function openOnWeb({ core, source, options, lastEventId, aborts }: Asked): Promise<Stream> {
  const abort = new AbortController()
  const request = new Request('http://localhost/', {
    headers: { Accept: 'text/event-stream', ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }) },
    signal: abort.signal,
  })
  const response = await core.main.eventStream(request, source, options)
  const reader = response.body?.getReader()
  return {
    status: response.status,
    read: async () => (await reader?.read())?.value,
    cancel: () => {
      if (aborts) abort.abort()
      // A stream that was cut cannot be cancelled, and need not be.
      else reader?.cancel().catch(() => {})
    },
  }
}

/**
 * Asks a server of `node:http` over a socket, and takes bytes off that only when asked to: the server feels it as soon
 * as the kernel's buffers are full.
 */
export async function openOnNode(path: string, name: string, lastEventId: string | undefined): Promise<Stream> {
  const socket = connect(path)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      Accept: 'text/event-stream',
      'X-Name': name,
      ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }),
    }
    get({ createConnection: () => socket, headers }, resolve).on('error', reject)
  })
  const chunks = response[Symbol.asyncIterator]()
  return {
    status: response.statusCode ?? 0,
    read: async () => {
      const { done, value } = await chunks.next()
      return done === true ? undefined : value
    },
    cancel: () => void socket.destroy(),
  }
}
