import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { freePort } from '../scripts/demos.mjs'
import { assertEngine, runSeveralNodes } from '../scripts/several-nodes.mjs'
import { help, startOptions } from '../scripts/start-options.mjs'
import { startRedisForTest } from './engines-for-test.ts'
import { requireProgram } from './programs.ts'

const start = fileURLToPath(new URL('../scripts/start.mjs', import.meta.url))

describe('startOptions', () => {
  it('starts the demos where there is nothing, and helps where it is asked to', () => {
    expect(startOptions([])).toBeUndefined()
    expect(startOptions(['--help'])).toBe('help')
    expect(startOptions(['-h', '--log', 'redis'])).toBe('help')
  })

  it('reads how many nodes there are, and where their log is', () => {
    expect(startOptions(['--nodes', '5', '--log', 'nats'])).toEqual({ nodes: 5, engine: 'nats', url: undefined })
    expect(startOptions(['--log=redis', '--url=rediss://me:secret@host:1'])).toEqual({
      nodes: 3,
      engine: 'redis',
      url: 'rediss://me:secret@host:1',
    })
  })

  it.each([
    ['--nodes 3', '--nodes needs --log redis or --log nats'],
    ['--url redis://host', '--url needs --log redis or --log nats'],
    ['--log kafka', '--log must be redis or nats, not "kafka"'],
    ['--log constructor', '--log must be redis or nats, not "constructor"'],
    ['--log redis --nodes 0', '--nodes must be a whole number from 1 to 9, not "0"'],
    ['--log redis --nodes 10', '--nodes must be a whole number from 1 to 9, not "10"'],
    ['--log redis --nodes=-1', '--nodes must be a whole number from 1 to 9, not "-1"'],
    ['--log redis --nodes 1.5', '--nodes must be a whole number from 1 to 9, not "1.5"'],
    ['--log redis --nodes three', '--nodes must be a whole number from 1 to 9, not "three"'],
    ['--log redis --url nats://host', '--url must be the address of redis, redis://host:port'],
    ['--log nats --url host:4222', '--url must be the address of nats, nats://host:port'],
    ['--log nats --url nats://', '--url must be the address of nats, nats://host:port'],
    ['--log', '--log'],
    ['--node 3', "'--node'"],
    ['three', "'three'"],
  ])('refuses `%s`, and says what is allowed', (args, message) => {
    expect(() => startOptions(args.split(' '))).toThrow(message)
  })

  it('does not repeat an address, which may hold a password', () => {
    expect(() => startOptions(['--log', 'redis', '--url', 'http://me:secret@host'])).toThrow(/^(?!.*secret)/s)
  })
})

describe('start.mjs', () => {
  it.each([
    [['--help'], 0, help, ''],
    [['--nodes', '0', '--log', 'redis'], 1, '', '--nodes must be a whole number from 1 to 9, not "0"'],
  ])('answers %j at once', (args, code, out, error) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [start, ...args], { encoding: 'utf8' })
    expect([status, stdout.trim(), stderr.trim()]).toEqual([code, out.trim(), error])
  })

  it('says what to install before anything is built', () => {
    const env = { ...process.env, PATH: '' }
    const { status, stdout, stderr } = spawnSync(process.execPath, [start, '--log', 'nats'], { env, encoding: 'utf8' })
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('--log nats starts nats-server, which is not on PATH: install nats-server')
  })
})

describe('assertEngine', () => {
  it('asks for no program where an engine runs already', async () => {
    vi.stubEnv('PATH', '')
    onTestFinished(() => void vi.unstubAllEnvs())
    await assertEngine({ engine: 'redis', nodes: 3, url: 'redis://host' })
    await expect(assertEngine({ engine: 'redis', nodes: 3, url: undefined })).rejects.toThrow('--url')
  })
})

describe('runSeveralNodes', { timeout: 60_000 }, () => {
  it.for(['redis', 'nats'] as const)('starts %s and the nodes, and leaves nothing behind', async (engine, context) => {
    requireProgram(`${engine}-server`, context)
    const directory = mkdtempSync(join(tmpdir(), 'start-'))
    vi.stubEnv('TMPDIR', directory)
    onTestFinished(() => {
      vi.unstubAllEnvs()
      rmSync(directory, { recursive: true })
    })
    const { url, stop } = await running({ engine, nodes: 1, url: undefined })
    expect(readdirSync(directory)).toHaveLength(1)
    expect(await (await fetch(url)).text()).toContain('<body data-of="balancer">')
    await stop()
    await expect(fetch(url)).rejects.toThrow()
    expect(readdirSync(directory)).toEqual([])
  })

  it('leaves an engine that was given to whom it belongs', async (context) => {
    const engine = await startRedisForTest(context)
    const { stop } = await running({ engine: 'redis', nodes: 1, url: engine.url })
    await stop()
    expect(() => process.kill(engine.pid, 0)).not.toThrow()
  })

  it('fails where the nodes cannot run', async () => {
    const port = await freePort(44_000)
    const options = { engine: 'redis', nodes: 1, url: `redis://127.0.0.1:${port + 5}` } as const
    await expect(runSeveralNodes(options, port, new AbortController().signal)).rejects.toThrow('ended (code 1)')
  })

  /** Waits until the nodes answer. */
  async function running(options: Parameters<typeof runSeveralNodes>[0]) {
    const port = await freePort(44_100)
    const stopping = new AbortController()
    const ended = runSeveralNodes(options, port, stopping.signal)
    const url = `http://localhost:${port}`
    await Promise.race([ended, expect.poll(() => statusOf(`${url}/health`), { timeout: 30_000 }).toBe(200)])
    const stop = async () => {
      stopping.abort()
      await ended
    }
    onTestFinished(stop)
    return { url, stop }
  }

  async function statusOf(url: string): Promise<number> {
    try {
      return (await fetch(url)).status
    } catch {
      return 0
    }
  }
})
