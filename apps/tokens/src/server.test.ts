import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { readEvents } from '@sse/core/testing'
import { endOfServer, type ServerProcess, startServer } from '@sse/tooling/server-process'
import { describe, expect, it } from 'vitest'

const server = fileURLToPath(new URL('server.ts', import.meta.url))

describe('server.ts', () => {
  async function start(): Promise<ServerProcess> {
    const running = await startServer(server, { PORT: '0' })
    expect(running.line).toContain('tokens ready on http://localhost:')
    return running
  }

  function ask(base: string): Promise<Response> {
    const headers = { 'Content-Type': 'application/json' }
    return fetch(`${base}/answers`, { method: 'POST', headers, body: JSON.stringify({ prompt: 'Why?' }) })
  }

  it('says where it is, serves the page, and answers at a natural pace', async () => {
    const { url: base } = await start()
    expect((await fetch(base)).status).toBe(200)
    const events = await readEvents(await ask(base), { take: 4 })
    expect(events.map(({ event }) => event)).toEqual(['begun', 'token', 'token', 'token'])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends its answers, their streams and itself on %s', async (signal) => {
    const { child, url } = await start()
    const events = readEvents(await ask(url))
    await events.next()
    const exited = once(child, 'exit')
    child.kill(signal)
    expect((await events).at(-1)?.event).toBe('stopped')
    expect(await exited).toEqual([0, null])
  })

  it('refuses a port that is none', async () => {
    const { code, said } = await endOfServer(server, { PORT: 'harbour' })
    expect(code).not.toBe(0)
    expect(said).toContain('PORT must be a port, not harbour')
  })
})
