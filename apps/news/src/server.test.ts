import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { readEvents } from '@sse/core/testing'
import { endOfServer, startServer } from '@sse/tooling/server-process'
import { describe, expect, it } from 'vitest'

const server = fileURLToPath(new URL('server.ts', import.meta.url))

describe('server.ts', () => {
  it('says where it is and with which seed, and publishes by itself', async () => {
    const { line, url } = await startServer(server, { PORT: '0', SEED: '42' })
    expect(line).toContain('news ready on http://localhost:')
    expect(line).toContain('seed 42')
    expect((await fetch(url)).status).toBe(200)
    const events = await readEvents(`${url}/events?filter=everything`, { take: 1 + 20 + 1 })
    const moments = events.slice(1).map(({ data }) => JSON.parse(data).at)
    expect(moments.at(-1)).toBeGreaterThan(JSON.parse(events[0]?.data ?? '').newest)
  }, 20_000)

  it.each(['SIGINT', 'SIGTERM'] as const)('ends its streams and itself on %s', async (signal) => {
    const { child, url } = await startServer(server, { PORT: '0' })
    const events = readEvents(`${url}/events`)
    await events.next()
    const exited = once(child, 'exit')
    child.kill(signal)
    expect((await events).length).toBeGreaterThan(0)
    expect(await exited).toEqual([0, null])
  })

  it('refuses a seed that is no whole number', async () => {
    const { code, said } = await endOfServer(server, { PORT: '0', SEED: 'luck' })
    expect(code).not.toBe(0)
    expect(said).toContain('SEED must be a whole number, not luck')
  })
})
