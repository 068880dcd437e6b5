export type { BodyExchange } from './node/body-sink.ts'
export { eventStream, openBody, openWebBody } from './node/event-stream.ts'
