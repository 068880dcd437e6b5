import { median } from '@sse/tooling/median'
import { node } from '../servers/node.ts'
import { type Backend, startBackend } from './backends.ts'
import { FORMS } from './forms.ts'
import type { ProxyForm } from './proxy.ts'
import { StreamClient } from './stream-client.ts'

const ROUNDS = 20
/** In milliseconds: by default it is 15 seconds. */
const HEARTBEAT = 1_000

/** Prints, for each proxy, what it adds to a stream of `node:http`: medians of twenty, in milliseconds. */
async function measure(): Promise<void> {
  console.log('| proxy | first frame | event | its client goes |\n| --- | --- | --- | --- |')
  for (const form of FORMS) console.log(`| ${form.name} | ${(await measured(form)).join(' | ')} |`)
}

async function measured(form: ProxyForm): Promise<readonly string[]> {
  const backend = await startBackend(node, { hub: { heartbeat: HEARTBEAT } })
  const proxy = await form.start([backend])
  try {
    const url = `${proxy.url}/${backend.name}/feed`
    const clients = await inTurn(() => StreamClient.open(url))
    const firstFrames = await Promise.all(clients.map((client) => client.firstFrame()))
    const [reader, ...others] = clients
    for (const client of others) client.leave()
    const events = await inTurn(() => eventTime(backend, reader))
    await untilSize(backend, 1)
    const leftAt = performance.now()
    reader?.leave()
    await untilSize(backend, 0)
    return [median(firstFrames), median(events), performance.now() - leftAt].map((time) => time.toFixed(1))
  } finally {
    await Promise.all([proxy.stop(), backend.close()])
  }
}

async function eventTime({ hub }: Backend, reader: StreamClient | undefined): Promise<number> {
  const publishedAt = performance.now()
  await hub.publish('feed', { data: 'an event' })
  const event = await reader?.next()
  return (event?.at ?? Number.NaN) - publishedAt
}

async function untilSize({ hub }: Backend, size: number): Promise<void> {
  while (hub.size > size) await new Promise(setImmediate)
}

async function inTurn<T>(action: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  while (results.length < ROUNDS) results.push(await action())
  return results
}

await measure()
