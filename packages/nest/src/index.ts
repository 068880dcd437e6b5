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
export { LastEventId } from './last-event-id.ts'
export type { MessageEvent } from './message.ts'
export type { SseRequest } from './route.ts'
export { Sse, type SseRouteOptions } from './sse.ts'
export { SseHub } from './sse-hub.ts'
export { SseModule, type SseModuleAsyncOptions, type SseModuleOptions, type SseOptionsFactory } from './sse-module.ts'
