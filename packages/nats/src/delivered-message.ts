import type { Msg } from '@nats-io/nats-core'

/** Where a message that a consumer delivers has its place. */
export interface DeliveredPlace {
  /** Its sequence in the stream. */
  readonly sequence: number
  /** How many the consumer has delivered with it. */
  readonly delivered: number
  /** When it was stored, in nanoseconds since 1970, as decimal text. */
  readonly time: string
}

/**
 * Reads the place from the subject that a message is to be acknowledged on:
 * `$JS.ACK.<stream>.<consumer>.<times>.<sequence>.<delivered>.<time>.<pending>`, in newer servers with more before the stream
 * and after.
 *
 * @param consumer the name of the consumer, which has no dot
 * @returns `undefined` for what is no message of the consumer
 */
export function placeOf({ reply }: Pick<Msg, 'reply'>, consumer: string): DeliveredPlace | undefined {
  if (reply === undefined || !reply.startsWith('$JS.ACK.')) return undefined
  const name = reply.indexOf(`.${consumer}.`)
  if (name < 0) return undefined
  const times = name + consumer.length + 2
  const sequence = reply.indexOf('.', times) + 1
  const delivered = reply.indexOf('.', sequence) + 1
  const time = reply.indexOf('.', delivered) + 1
  return {
    sequence: Number(reply.slice(sequence, delivered - 1)),
    delivered: Number(reply.slice(delivered, time - 1)),
    time: reply.slice(time, reply.indexOf('.', time)),
  }
}
