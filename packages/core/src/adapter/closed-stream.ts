import type { SseStream } from '../connection/stream.ts'

/** The stream of a response that the framework's error handling answers. */
export function closedStream(): SseStream {
  return {
    lastEventId: undefined,
    signal: AbortSignal.abort(),
    closed: Promise.resolve('error'),
    send: () => Promise.resolve(false),
    comment: () => Promise.resolve(false),
    close: () => {},
  }
}
