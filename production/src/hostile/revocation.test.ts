import { createHub, type EventLog, type Hub } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import { natsLog } from '@sse/nats'
import { redisLog } from '@sse/redis'
import { Cable } from '@sse/tooling/cable'
import { sharedNats, sharedRedis } from '@sse/tooling/engines-for-test'
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest'
import { node } from '../servers/node.ts'
import { PRINCIPAL_HEADER } from '../servers/site.ts'
import { until } from './until.ts'

/** How soon a stream is to be over, in milliseconds. */
const SOON = 1_000
/** Of what a node holds, and of what the engine does. */
const RING = 20
const KEPT = 40

const onRedis = sharedRedis()
const onNats = sharedNats()
let logs = 0

describe.each([
  {
    engine: 'Redis',
    start: onRedis,
    open: (port: number, name: string): EventLog =>
      redisLog({ url: `redis://127.0.0.1:${port}`, key: name, maxEvents: KEPT, probeInterval: 100 }),
  },
  {
    engine: 'NATS',
    start: onNats,
    open: (port: number, name: string): EventLog =>
      natsLog({ servers: `127.0.0.1:${port}`, stream: name, maxEvents: KEPT, probeInterval: 100, storage: 'memory' }),
  },
])('with a log in $engine, a principal', ({ start, open }) => {
  /** Two nodes; between the second one and the engine there is a cable. */
  async function stage(context: TestContext): Promise<{ here: Node; there: Node; cable: Cable }> {
    const { port } = await start(context)
    const cable = await Cable.to(port)
    onTestFinished(() => cable.close())
    const name = `revocation-${++logs}`
    return { here: await serve(open(port, name)), there: await serve(open(cable.port, name)), cable }
  }

  it('is ended on another node within a second', async (context) => {
    const { here, there } = await stage(context)
    const [ann, bob] = [await there.listen('ann'), await there.listen('bob')]
    const asked = performance.now()
    expect(here.hub.disconnect({ principal: 'ann' })).toBe(0)
    await ann.end
    expect(performance.now() - asked).toBeLessThan(SOON)
    await here.hub.publish('public/1', { data: 'on' })
    expect(await bob.next).toBe('on')
    expect(there.hub.stats().closed.revoked).toBe(1)
  })

  it('is ended within a second of the return of a node that could not read the log', async (context) => {
    const { here, there, cable } = await stage(context)
    const [ann, bob] = [await there.listen('ann'), await there.listen('bob')]
    cable.isDown = true
    await until(() => there.hub.stats().log.state === 'away')
    here.hub.disconnect({ principal: 'ann' })
    await here.hub.publish('public/1', { data: 'on' })
    expect(there.hub.size).toBe(2)
    cable.isDown = false
    await until(() => there.hub.stats().log.state === 'ready')
    const back = performance.now()
    await ann.end
    expect(performance.now() - back).toBeLessThan(SOON)
    expect(await bob.next).toBe('on')
    expect(there.hub.stats().closed.revoked).toBe(1)
  })

  it('is ended, as all are, where a node was away for longer than the log keeps what it was told', async (context) => {
    const { here, there, cable } = await stage(context)
    const [ann, bob, nobody] = [await there.listen('ann'), await there.listen('bob'), await there.listen()]
    cable.isDown = true
    await until(() => there.hub.stats().log.state === 'away')
    here.hub.disconnect({ principal: 'ann' })
    for (let i = 0; i < 20 * KEPT; i++) await here.hub.publish('public/1', { data: String(i) })
    await until(() => there.hub.stats().log.lag > 1_000)
    cable.isDown = false
    await Promise.all([ann.end, bob.end])
    expect(await nobody.next).toContain('"reason":"trimmed"')
    expect(there.hub.stats().closed.revoked).toBe(2)
  })

  it('that comes back to another node with its id gets what it may see now, and learns of nothing else', async (context) => {
    const { here, there } = await stage(context)
    there.secret = here.secret = true
    const reading = readEvents(`${there.url}/feed`, { take: 1 })
    await until(() => there.hub.size === 1)
    await here.hub.publish('secret/1', { data: 'seen' })
    const lastEventId = (await reading)[0]?.id ?? ''
    there.secret = here.secret = false
    // So much of it that none of what followed on the id is in any ring.
    for (let i = 0; i < 2 * RING; i++) await here.hub.publish('secret/1', { data: `hidden ${i}` })
    await here.hub.publish('public/1', { data: 'shown' })
    // What was lost was nothing that it may see: there is no gap either.
    const [event] = await readEvents(`${here.url}/feed`, { take: 1, lastEventId })
    expect(event).toMatchObject({ event: 'message', data: 'shown' })
  })
})

interface Listener {
  /** The data of what comes next. */
  readonly next: Promise<string>
  /** Resolves when the server has ended the stream. */
  readonly end: Promise<unknown>
}

interface Node {
  readonly hub: Hub
  readonly url: string
  /** Whether clients may see what is secret. */
  secret: boolean
  listen(principal?: string): Promise<Listener>
}

async function serve(log: EventLog): Promise<Node> {
  const hub = createHub({ log, ring: { maxEvents: RING }, heartbeat: 500, onError: () => {} })
  const source = () => hub.subscribe(here.secret ? ['public/*', 'secret/*'] : 'public/*')
  const { url, close } = await node.start({ hub, routes: [{ method: 'GET', path: '/feed', source }] })
  onTestFinished(close)
  await hub.ready
  const here: Node = {
    hub,
    url,
    secret: false,
    async listen(principal) {
      const before = hub.size
      const headers: Record<string, string> = principal === undefined ? {} : { [PRINCIPAL_HEADER]: principal }
      const events = readEvents(`${url}/feed`, { headers })[Symbol.asyncIterator]()
      const first = events.next()
      await until(() => hub.size > before)
      const next = first.then(({ value }) => value?.data ?? '')
      const end = ended(events, first)
      // Those who are there to the last are cut.
      for (const promise of [next, end]) promise.catch(() => {})
      return { next, end }
    },
  }
  return here
}

async function ended(events: AsyncIterator<unknown>, first: Promise<IteratorResult<unknown>>): Promise<void> {
  for (let next = await first; next.done !== true; next = await events.next());
}
