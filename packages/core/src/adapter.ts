export { closedStream } from './adapter/closed-stream.ts'
export {
  holdOpen,
  type MiddlewareOptions,
  type MiddlewareSettings,
  middlewareSettings,
  type OwnHubOptions,
} from './adapter/middleware.ts'
export { type CompleteOptions, completeWith, type StreamDefaults } from './adapter/stream-defaults.ts'
export { openWebStream, type WebExchange } from './connection/event-stream.ts'
export { DEFAULT_COMMIT_AFTER, MAX_DELAY } from './connection/options.ts'
export { type HeaderTarget, type Respond, type ResponseHead, setHeaders } from './connection/sink.ts'
export { isAttachable } from './connection/source.ts'
export { responseOf } from './connection/web-response.ts'
export type { EventMapping, MappableEvent } from './hub/mapping.ts'
export { mapEvents } from './hub/subscription.ts'
