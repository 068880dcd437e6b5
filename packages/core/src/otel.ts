export { type InstrumentableHub, type InstrumentOptions, instrumentHub } from './otel/instrument-hub.ts'
