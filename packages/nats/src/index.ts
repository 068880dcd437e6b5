export { natsLog } from './nats-log.ts'
export type { NatsLogOptions } from './options.ts'
