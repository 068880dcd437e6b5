export { type StreamSettings, streamSettings } from './connection/options.ts'
export { eventStream } from './node/event-stream.ts'
