import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { readEvents } from '@sse/core/testing'
import { afterEach, describe, expect, it } from 'vitest'

/** As `npm start` runs it: built, since Node does not know decorators. */
const server = fileURLToPath(new URL('../dist/server.js', import.meta.url))

describe('server.ts', () => {
  let child: ChildProcess | undefined

  afterEach(() => {
    child?.kill('SIGKILL')
  })

  /** Starts the server and waits for the line that says where it is. */
  async function start(): Promise<string> {
    child = spawn(process.execPath, [server], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let line = ''
    for await (const text of child.stdout ?? []) {
      line += text
      if (line.includes('\n')) break
    }
    expect(line).toContain('notifications ready on http://')
    return /http:\S+/.exec(line)?.[0] ?? ''
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('[H7] ends its streams and itself on %s', async (signal) => {
    const url = await start()
    expect((await fetch(url)).status).toBe(200)
    const { headers } = await fetch(`${url}/u/ada/session`, { method: 'POST' })
    const cookie = headers.get('set-cookie')?.split(';')[0] ?? ''
    const events = readEvents(`${url}/u/ada/events`, { headers: { cookie } })
    const { value } = await events.next()
    expect(value).toMatchObject({ event: 'inbox', data: expect.stringContaining('Invoice 2026-117 was paid') })
    const exited = once(child ?? process, 'exit')
    child?.kill(signal)
    expect((await events.next()).done).toBe(true)
    expect(await exited).toEqual([0, null])
  })

  it('refuses a port that is none', async () => {
    child = spawn(process.execPath, [server], { env: { ...process.env, PORT: 'high' }, stdio: 'pipe' })
    const said: string[] = []
    child.stderr?.on('data', (text) => said.push(String(text)))
    const [code] = await once(child, 'close')
    expect(code).not.toBe(0)
    expect(said.join('')).toContain('PORT must be 0 to 65535, not high')
  })
})
