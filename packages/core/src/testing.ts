export type { ReceivedEvent } from './testing/event-parser.ts'
export { type EventReading, type ReadEventsOptions, readEvents } from './testing/read-events.ts'
export { type ParsableResponse, takeEvents } from './testing/take-events.ts'
