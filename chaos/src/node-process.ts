// One node: a hub behind an HTTP server. Its parent tells it what to publish.
import { createServer } from 'node:http'
import { createHub, type EventLog, type Lag, type Replay, type Subscription } from '@sse/core'
import { eventStream } from '@sse/core/node'
import { breakLog, hideGaps } from './broken-log.ts'
import type { Ask, NodeSettings, Numbered, Say } from './node-settings.ts'

interface Payload {
  readonly n: number
  readonly topic: string
  readonly pad: string
}

type Events = { readonly message: Payload }

// Its parent wrote it.
const settings = JSON.parse(process.argv[2] ?? '{}') as NodeSettings
const hub = createHub<Events>({
  log: breakLog(await openLog(settings), settings.broken),
  ring: { maxEvents: settings.ring },
  lag: settings.lag satisfies Lag,
  heartbeat: 250,
  onError: (error, { stage }) => say({ say: 'error', stage, message: String(error) }),
})

const subscriptions = new Map<string, Subscription<Events>>()

const server = createServer((request, response) => {
  if (settings.broken === 'hides gaps') hideGaps(response)
  const { searchParams } = new URL(`http://localhost${request.url}`)
  const subscription = subscribe(searchParams.get('topics') ?? '', searchParams.get('replay') ?? '')
  void eventStream(request, response, subscription, { hub })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) say({ say: 'listening', port: address.port })
})
void hub.ready.then(() => say({ say: 'ready' }))

process.on('message', (ask: Ask) => {
  if (ask.ask === 'head') say({ say: 'head', head: hub.stats().ring.head })
  else for (const event of ask.events) void publish(event)
})
// It does not outlive the run.
process.on('disconnect', () => process.exit())

async function publish({ serial, topic, size }: Numbered): Promise<void> {
  try {
    const id = await hub.publish(topic, { data: { n: serial, topic, pad: 'x'.repeat(size) } })
    say({ say: 'published', serial, id })
  } catch (error) {
    say({ say: 'published', serial, error: String(error) })
  }
}

function subscribe(topics: string, replay: string): Subscription<Events> {
  const key = `${topics}?${replay}`
  const known = subscriptions.get(key)
  if (known !== undefined) return known
  const subscription = hub.subscribe(topics.split(' '), { replay: replayOf(replay) })
  subscriptions.set(key, subscription)
  return subscription
}

function replayOf(text: string): Replay {
  return text === 'none' || text === 'all' ? text : Number(text)
}

/** Only the engine that is needed is loaded. */
async function openLog(about: NodeSettings): Promise<EventLog> {
  const { port, retention: maxEvents, publishTimeout, probeInterval, failover, isInMemory } = about
  const onError = (error: Error): void => say({ say: 'error', stage: 'entry', message: error.message })
  const shared = { maxEvents, publishTimeout, probeInterval, onError }
  if (about.engine === 'redis') {
    const { redisLog } = await import('@sse/redis')
    return redisLog({ url: `redis://127.0.0.1:${port}`, key: 'chaos', failover, ...shared })
  }
  const { natsLog } = await import('@sse/nats')
  const storage = isInMemory ? 'memory' : 'file'
  return natsLog({ servers: `127.0.0.1:${port}`, stream: 'chaos', storage, ...shared })
}

function say(what: Say): void {
  // The parent may have gone.
  process.send?.(what, undefined, undefined, () => {})
}
