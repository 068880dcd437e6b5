// What an application needs that uses this package alone. `@sse/core` is a peer: these are its own, no second copy.
export {
  type CloseReason,
  createHub,
  type Hub,
  type Source,
  SseError,
  type SseEvent,
  type SseStream,
  type StreamOptions,
  topic,
} from '@sse/core'
export type { EventStream } from './event-stream.ts'
export type { SseMiddleware, SseOptions, SseVariables } from './sse.ts'
