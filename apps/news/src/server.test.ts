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
  async function start(env: NodeJS.ProcessEnv): Promise<{ readonly line: string; readonly url: string }> {
    child = spawn(process.execPath, [server], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
    let line = ''
    for await (const text of child.stdout ?? []) {
      line += text
      if (line.includes('\n')) break
    }
    return { line, url: /http:\S+/.exec(line)?.[0] ?? '' }
  }

  it('says where it is and with which seed, and publishes by itself', async () => {
    const { line, url } = await start({ PORT: '0', SEED: '42' })
    expect(line).toContain('news ready on http://localhost:')
    expect(line).toContain('seed 42')
    expect((await fetch(url)).status).toBe(200)
    const events = await readEvents(`${url}/events?filter=everything`, { take: 1 + 20 + 1 })
    const moments = events.slice(1).map(({ data }) => JSON.parse(data).at)
    expect(moments.at(-1)).toBeGreaterThan(JSON.parse(events[0]?.data ?? '').newest)
  }, 20_000)

  it.each(['SIGINT', 'SIGTERM'] as const)('ends its streams and itself on %s', async (signal) => {
    const { url } = await start({ PORT: '0' })
    const events = readEvents(`${url}/events`)
    await events.next()
    const exited = once(child ?? process, 'exit')
    child?.kill(signal)
    expect((await events).length).toBeGreaterThan(0)
    expect(await exited).toEqual([0, null])
  })

  it('refuses a seed that is no whole number', async () => {
    child = spawn(process.execPath, [server], { env: { ...process.env, PORT: '0', SEED: 'luck' }, stdio: 'pipe' })
    const said: string[] = []
    child.stderr?.on('data', (text) => said.push(String(text)))
    const [code] = await once(child, 'close')
    expect(code).not.toBe(0)
    expect(said.join('')).toContain('SEED must be a whole number, not luck')
  })
})
