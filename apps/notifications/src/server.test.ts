import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { readEvents } from '@sse/core/testing'
import { endOfServer, type ServerProcess, startServer } from '@sse/tooling/server-process'
import { describe, expect, it } from 'vitest'

/** As `npm start` runs it: built, since Node does not know decorators. */
const server = fileURLToPath(new URL('../dist/server.js', import.meta.url))

describe('server.ts', () => {
  async function start(): Promise<ServerProcess> {
    const running = await startServer(server, { PORT: '0' })
    expect(running.line).toContain('notifications ready on http://')
    return running
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('[H7] ends its streams and itself on %s', async (signal) => {
    const { child, url } = await start()
    expect((await fetch(url)).status).toBe(200)
    const { headers } = await fetch(`${url}/u/ada/session`, { method: 'POST' })
    const cookie = headers.get('set-cookie')?.split(';')[0] ?? ''
    const events = readEvents(`${url}/u/ada/events`, { headers: { cookie } })
    const { value } = await events.next()
    expect(value).toMatchObject({ event: 'inbox', data: expect.stringContaining('Invoice 2026-117 was paid') })
    const exited = once(child, 'exit')
    child.kill(signal)
    expect((await events.next()).done).toBe(true)
    expect(await exited).toEqual([0, null])
  })

  it('refuses a port that is none', async () => {
    const { code, said } = await endOfServer(server, { PORT: 'high' })
    expect(code).not.toBe(0)
    expect(said).toContain('PORT must be 0 to 65535, not high')
  })
})
