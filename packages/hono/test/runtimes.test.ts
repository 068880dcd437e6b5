import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AdapterHarness, adapterContract } from '@sse/core/testing'
import { RawClient } from '@sse/tooling/raw-client'
import { bundleWorker, type RuntimeServer, requireRuntime } from '@sse/tooling/runtimes'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { RUNTIMES, type Runtime, WORKER } from './runtimes/runtime.ts'

/** What a runtime cannot do, and the file that the conditions of package.json give it. */
const FACTS: Readonly<
  Record<Runtime['name'], { entry: RegExp; address: string | null; cannot?: Partial<AdapterHarness> }>
> = {
  Node: { entry: /\/packages\/hono\/dist\/node\.js$/, address: '127.0.0.1' },
  Bun: { entry: /\/packages\/hono\/dist\/index\.js$/, address: '127.0.0.1' },
  Deno: { entry: /\/packages\/hono\/dist\/index\.js$/, address: '127.0.0.1' },
  workerd: { entry: /^bundled$/, address: null, cannot: { knowsDisconnectWhenIdle: false } },
}

/** The processes, each started when it is first needed. */
const servers = new Map<Runtime, Promise<RuntimeServer>>()
let url = ''
let apps = 0

afterAll(async () => {
  for (const server of servers.values()) await (await server).stop()
})

describe.each(RUNTIMES)('on $name', (runtime) => {
  const { entry, address, cannot } = FACTS[runtime.name]

  beforeEach(async (context) => {
    url = (await serverOf(runtime, requireRuntime(runtime.name, context))).url
  })

  describe('the contract of adapters', () => {
    const start: AdapterHarness['start'] = () => ({ url: `${url}${newApp()}`, close: () => {} })
    for (const { name, run, timeout } of adapterContract({ isNode: false, ...cannot, start })) it(name, run, timeout)
  })

  it('takes the file that the conditions of package.json say', async () => {
    expect(await textOf(`${newApp()}/entry`)).toMatch(entry)
  })

  it('knows where a client is, as far as the platform tells', async () => {
    const app = newApp()
    await open(`${app}/hub`)
    expect(JSON.parse(await textOf(`${app}/addresses`))).toEqual([address])
  })
})

describeOn('Node', (it) => {
  it('[F3] writes one prebuilt chunk to the sockets of all clients, past headers that are set after `next()`', async () => {
    const app = newApp()
    const clients = [await open(`${app}/hub`), await open(`${app}/hub`)]
    await publish(app, 'for all')
    for (const client of clients) expect(await client.until('for all')).toContain('\r\nx-outer: after\r\n')
    const shared: string[] = JSON.parse(await textOf('/shared'))
    const [chunk = ''] = shared.filter((text) => text.includes('for all'))
    expect(chunk).toMatch(/^[\da-f]+\r\n(?:.+\n)+\n\r\n$/)
  })
})

describeOn('Bun', (it) => {
  it('[F3] keeps a quiet stream that its server would cut', async () => {
    const app = newApp()
    const quiet = await open(`${app}/idle-function`)
    const unguarded = new RawClient(port()).request(`GET ${app}/unguarded`)
    await unguarded.until('begun')
    await vi.waitFor(() => expect(unguarded.socket.closed).toBe(true), { timeout: 15_000 })
    expect(quiet.socket.closed).toBe(false)
  })
})

describeOn('workerd', (it) => {
  it('[F3] a Durable Object sends what one request publishes to the streams of others', async () => {
    const app = newApp()
    const client = await open(`${app}/hub`)
    await publish(app, 'to another request')
    await client.until('data: to another request')
  })

  it('[F3] learns of a disconnect at the next heartbeat', async () => {
    const app = newApp()
    const client = await open(`${app}/lively`)
    expect(await sizeOf(app)).toBe(1)
    client.socket.destroy()
    await vi.waitFor(async () => expect(await sizeOf(app)).toBe(0))
  })

  it('[F3] a plain Worker streams what is made in the request, with heartbeats while other requests end', async () => {
    const [first, second] = [await begun('/plain/own/30'), await begun('/plain/own/500')]
    await first.until('0\r\n\r\n')
    second.received = ''
    await second.until(':\n\n')
    expect(await second.until('0\r\n\r\n')).toContain('data: done\n\n')
    expect(second.received.match(/^:$/gm)?.length).toBeGreaterThan(5)
  })

  it('[F3] a plain Worker ends the heartbeats of a shared hub with a request, until the next begins', async () => {
    const [first, second] = [await begun('/plain/shared/30'), await begun('/plain/shared/10000')]
    await first.until('0\r\n\r\n')
    // Other requests take time: first for what was on its way, then for heartbeats that would have come.
    await (await begun('/plain/own/100')).until('0\r\n\r\n')
    second.received = ''
    await (await begun('/plain/own/100')).until('0\r\n\r\n')
    expect(second.received).toBe('')
    await begun('/plain/shared/10000')
    await second.until(':\n\n')
  })

  it('[F3] a plain Worker sends what one request publishes to nobody, and no error says so', async () => {
    const client = await open('/plain/hub')
    const id = await textOf('/plain/publish')
    expect(id).toMatch(/^[\da-z]+\.1$/)
    // What has come by then shows that it would have come.
    await (await begun('/plain/own/100')).until('data: done')
    expect(client.received).not.toContain('data:')
  })
})

describe('the file for other runtimes than Node', () => {
  it("[F3] brings none of Node's modules", async () => {
    const { directory, remove } = await bundleWorker(WORKER)
    try {
      const bundle = readFileSync(join(directory, 'worker.js'), 'utf8')
      expect(bundle).toContain('text/event-stream')
      expect(bundle).not.toMatch(/(?:from|import|require)\s*\(?\s*["'](?:node:|http|stream|buffer)/)
    } finally {
      remove()
    }
  })
})

/** Tests that concern one runtime. */
function describeOn(name: Runtime['name'], define: (test: typeof it) => void): void {
  const runtime = RUNTIMES.find((one) => one.name === name)
  if (runtime === undefined) throw new Error(`There is no ${name}`)
  describe(`on ${name} alone`, () => {
    beforeEach(async (context) => {
      url = (await serverOf(runtime, requireRuntime(runtime.name, context))).url
    })
    define(it)
  })
}

function serverOf(runtime: Runtime, program: string): Promise<RuntimeServer> {
  const server = servers.get(runtime) ?? runtime.serve(program)
  servers.set(runtime, server)
  return server
}

/** The path of an application that nobody else uses. */
function newApp(): string {
  apps++
  return `/app-${apps}`
}

function port(): number {
  return Number(new URL(url).port)
}

/** A client whose stream is open. */
async function open(path: string): Promise<RawClient> {
  const client = new RawClient(port()).request(`GET ${path}`)
  await client.until('\n\n')
  return client
}

/** A client that has got the first word of a stream. */
async function begun(path: string): Promise<RawClient> {
  const client = new RawClient(port()).request(`GET ${path}`)
  await client.until('data: begun\n\n')
  return client
}

async function textOf(path: string): Promise<string> {
  return (await fetch(`${url}${path}`)).text()
}

async function control(app: string, command: object): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json' }
  return (await fetch(`${url}${app}/control`, { method: 'POST', headers, body: JSON.stringify(command) })).json()
}

async function publish(app: string, data: string): Promise<void> {
  await control(app, { do: 'publish', topic: 'hub', events: [{ data }] })
}

/** How many streams are open. */
async function sizeOf(app: string): Promise<unknown> {
  const state = await control(app, { do: 'look' })
  return typeof state === 'object' && state !== null && 'size' in state ? state.size : undefined
}
