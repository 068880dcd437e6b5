export type { BodyExchange } from './node/body-sink.ts'
export { eventStream, openBody, openWebBody } from './node/event-stream.ts'
export { lastEventIdOf } from './node/request.ts'
export type { LastEventId } from './wire/last-event-id.ts'
