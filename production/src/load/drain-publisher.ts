import { createPublisher } from '@sse/core'
import { offer } from './remote.ts'
import { sharedLog } from './shared-log.ts'

const [url = ''] = process.argv.slice(2)
const publisher = createPublisher({ log: sharedLog(url) })

let published = 0
let timer: NodeJS.Timeout | undefined
const pending = new Set<Promise<unknown>>()

function publish(data: string): void {
  const done = publisher.publish('feed', { data }).finally(() => pending.delete(done))
  pending.add(done)
}

const methods = {
  /** Publishes numbers from 1 on, so many per second. */
  start(rate: number): void {
    timer = setInterval(() => publish(String(++published)), 1_000 / rate)
  },

  /** Publishes one more, so long that a socket which nobody reads is soon full of them; answers its number. */
  fill(bytes: number): number {
    publish(`${++published} ${'x'.repeat(bytes)}`)
    return published
  },

  /** Answers how many there are, all of them in the log. */
  async stop(): Promise<number> {
    clearInterval(timer)
    await Promise.all(pending)
    return published
  },
}

/** The methods of the process that publishes. */
export type PublisherOffer = typeof methods

offer(methods)
