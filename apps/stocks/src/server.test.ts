import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { readEvents } from '@sse/core/testing'
import { afterEach, describe, expect, it } from 'vitest'

const server = fileURLToPath(new URL('server.ts', import.meta.url))
const client = 'c'.repeat(32)

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
    expect(line).toContain('stocks ready on http://localhost:')
    expect(line).toContain('seed 42')
    const market = await readEvents(`${url}/events?client=${client}`, { until: ({ event }) => event === 'market' })
    expect(JSON.parse(market.at(-1)?.data ?? '')).toMatchObject({ seed: 42 })
    const live = await readEvents(`${url}/events?client=${client}`, { until: ({ id }) => id !== '' })
    expect(live.at(-1)?.event).toBe('price')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends its streams and itself on %s', async (signal) => {
    const { url } = await start({ PORT: '0' })
    const events = readEvents(`${url}/events?client=${client}`)
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
