export { eventStream } from './node/event-stream.ts'
