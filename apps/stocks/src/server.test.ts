import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { readEvents } from '@sse/core/testing'
import { endOfServer, startServer } from '@sse/tooling/server-process'
import { describe, expect, it } from 'vitest'

const server = fileURLToPath(new URL('server.ts', import.meta.url))
const client = 'c'.repeat(32)

describe('server.ts', () => {
  it('says where it is and with which seed, and publishes by itself', async () => {
    const { line, url } = await startServer(server, { PORT: '0', SEED: '42' })
    expect(line).toContain('stocks ready on http://localhost:')
    expect(line).toContain('seed 42')
    const market = await readEvents(`${url}/events?client=${client}`, { until: ({ event }) => event === 'market' })
    expect(JSON.parse(market.at(-1)?.data ?? '')).toMatchObject({ seed: 42 })
    const live = await readEvents(`${url}/events?client=${client}`, { until: ({ id }) => id !== '' })
    expect(live.at(-1)?.event).toBe('price')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends its streams and itself on %s', async (signal) => {
    const { child, url } = await startServer(server, { PORT: '0' })
    const events = readEvents(`${url}/events?client=${client}`)
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
