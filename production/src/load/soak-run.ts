import { setTimeout as pause } from 'node:timers/promises'
import { startRemote } from './remote.ts'
import type { SoakCrowdOffer } from './soak-crowd.ts'
import type { Sample, SoakServerOffer } from './soak-server.ts'
import type { Soak } from './verdict.ts'

/** How long, and with whom. */
export interface SoakOptions {
  /** One of `SERVERS`. */
  readonly server: string
  readonly seconds: number
  /** So many at a time. */
  readonly clients: number
  readonly seed: number
  /** Keeps an entry of a `Map` for each connection: to see that this is noticed. */
  readonly leaks: boolean
  /** Seconds between two samples. */
  readonly every: number
  onSample(sample: Sample): void
}

/** What was seen, and how many clients came. */
export interface Soaked extends Soak {
  readonly visits: number
  readonly firstError: string | undefined
}

/** Lets clients come and go, and looks at the server meanwhile. */
export async function runSoak(options: SoakOptions): Promise<Soaked> {
  const { server: name, seconds, clients: count, seed, leaks, every, onSample } = options
  await using stack = new AsyncDisposableStack()
  const serverArgs = [name, String(seed), leaks ? 'leaks' : '']
  const server = stack.use(startRemote<SoakServerOffer>(new URL('soak-server.ts', import.meta.url), serverArgs))
  const crowd = stack.use(startRemote<SoakCrowdOffer>(new URL('soak-crowd.ts', import.meta.url), [String(seed)]))
  const port = await server.call('start')
  const paths = await server.call('paths')
  const come = async (): Promise<void> => {
    await server.call('publish')
    await crowd.call('start', { port, count, paths })
  }
  const go = async (): Promise<number> => {
    const visits = await crowd.call('stop')
    await server.call('deserted')
    return visits
  }
  // What is compiled, filled and cached once belongs to the start.
  await come()
  await pause(Math.min(15_000, seconds * 250))
  await go()
  const began = Date.now()
  const start = await server.call('sample', began)
  onSample(start)
  await come()
  const churn: Sample[] = []
  while (Date.now() - began < seconds * 1_000) {
    await pause(every * 1_000)
    const sample = await server.call('sample', began)
    churn.push(sample)
    onSample(sample)
  }
  const visits = await go()
  const end = await server.call('sample', began)
  onSample(end)
  return { start, churn, end, visits, firstError: await server.call('firstError') }
}
