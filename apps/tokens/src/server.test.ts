import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { readEvents } from '@sse/core/testing'
import { afterEach, describe, expect, it } from 'vitest'

const server = fileURLToPath(new URL('server.ts', import.meta.url))

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
    expect(line).toContain('tokens ready on http://localhost:')
    return /http:\S+/.exec(line)?.[0] ?? ''
  }

  function ask(base: string): Promise<Response> {
    const headers = { 'Content-Type': 'application/json' }
    return fetch(`${base}/answers`, { method: 'POST', headers, body: JSON.stringify({ prompt: 'Why?' }) })
  }

  it('says where it is, serves the page, and answers at a natural pace', async () => {
    const base = await start()
    expect((await fetch(base)).status).toBe(200)
    const events = await readEvents(await ask(base), { take: 4 })
    expect(events.map(({ event }) => event)).toEqual(['begun', 'token', 'token', 'token'])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends its answers, their streams and itself on %s', async (signal) => {
    const events = readEvents(await ask(await start()))
    await events.next()
    const exited = once(child ?? process, 'exit')
    child?.kill(signal)
    expect((await events).at(-1)?.event).toBe('stopped')
    expect(await exited).toEqual([0, null])
  })

  it('refuses a port that is none', async () => {
    child = spawn(process.execPath, [server], { env: { ...process.env, PORT: 'harbour' }, stdio: 'pipe' })
    const said: string[] = []
    child.stderr?.on('data', (text) => said.push(String(text)))
    const [code] = await once(child, 'close')
    expect(code).not.toBe(0)
    expect(said.join('')).toContain('PORT must be a port, not harbour')
  })
})
