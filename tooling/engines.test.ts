import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Engine, startNats, startRedis } from './engines.ts'
import { sharedRedis, startNatsForTest, startRedisForTest } from './engines-for-test.ts'

afterEach(() => void vi.unstubAllEnvs())

/** What Redis answers to lines of commands; rejects where nobody listens. */
async function ask(engine: Engine, ...lines: readonly string[]): Promise<string> {
  const socket = connect(engine.port, '127.0.0.1')
  socket.end(`${lines.join('\r\n')}\r\n`)
  let said = ''
  for await (const part of socket.setEncoding('utf8')) said += String(part)
  return said
}

/** `T` for a process that was stopped, `Z` for one that has ended and nobody has asked how, '' for none. */
function stateOf(pid: number): string {
  return spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
}

function isRunning(pid: number): boolean {
  return !['', 'Z'].includes(stateOf(pid))
}

describe('startRedis', () => {
  it('answers when it serves clients, with where it is', async (context) => {
    const engine = await startRedisForTest(context)
    expect(engine.url).toBe(`redis://127.0.0.1:${engine.port}`)
    expect(await ask(engine, 'PING')).toBe('+PONG\r\n')
  })

  it('ends, also a frozen one, and leaves nothing behind', async (context) => {
    const engine = await startRedisForTest(context)
    const { pid, directory } = engine
    engine.freeze()
    await vi.waitFor(() => expect(stateOf(pid)).toBe('T'))
    await engine.stop()
    await engine.stop()
    expect(isRunning(pid)).toBe(false)
    expect(existsSync(directory)).toBe(false)
    expect(() => engine.pid).toThrow('not running')
  })

  it('is frozen and goes on', async (context) => {
    const engine = await startRedisForTest(context)
    engine.freeze()
    const answer = ask(engine, 'PING')
    await vi.waitFor(() => expect(stateOf(engine.pid)).toBe('T'))
    engine.resume()
    expect(await answer).toBe('+PONG\r\n')
  })

  it('is empty when it was killed and starts again on its port', async (context) => {
    const engine = await startRedisForTest(context)
    const { pid, port } = engine
    await ask(engine, 'SET a 1')
    await engine.kill()
    await expect(ask(engine, 'PING')).rejects.toThrow('ECONNREFUSED')
    await engine.restart()
    expect(engine.port).toBe(port)
    expect(engine.pid).not.toBe(pid)
    expect(await ask(engine, 'GET a')).toBe('$-1\r\n')
  })

  it('keeps what it was given with `appendonly`', async (context) => {
    const engine = await startRedisForTest(context, { appendonly: true, appendfsync: 'always' })
    await ask(engine, 'SET a 1')
    await engine.kill()
    await engine.restart()
    expect(await ask(engine, 'GET a')).toBe('$1\r\n1\r\n')
  })

  it('has a password, a limit, and whatever else is configured', async (context) => {
    const config = ['maxmemory-policy noeviction', 'unixsocket redis.sock']
    const engine = await startRedisForTest(context, { password: 'secret', maxmemory: '10mb', config })
    expect(engine.url).toBe(`redis://:secret@127.0.0.1:${engine.port}`)
    expect(await ask(engine, 'PING')).toMatch(/^-NOAUTH/)
    expect(await ask(engine, 'AUTH secret', 'CONFIG GET maxmemory')).toContain('10485760')
    expect(existsSync(`${engine.directory}/redis.sock`)).toBe(true)
  })

  it('says what Redis said if it does not start', async (context) => {
    await expect(startRedisForTest(context, { config: ['no-such-thing 1'] })).rejects.toThrow('no-such-thing')
  })

  it('says what to install where there is none', async () => {
    vi.stubEnv('PATH', '')
    await expect(startRedis()).rejects.toThrow(/^install redis-server .*apt-get/)
    await expect(startNats()).rejects.toThrow(/^install nats-server .*apt-get/)
  })

  it('ends with the process that started it, however that ended', async (context) => {
    await startRedisForTest(context)
    const engines = fileURLToPath(new URL('./engines.ts', import.meta.url))
    const script = `const { startRedis } = await import('${engines}')
      const engine = await startRedis()
      console.log(JSON.stringify([engine.pid, engine.directory]))
      setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void parent.kill('SIGKILL'))
    const [line] = await once(parent.stdout.setEncoding('utf8'), 'data')
    const [pid, directory] = JSON.parse(String(line))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    expect(isRunning(pid)).toBe(true)
    parent.kill('SIGKILL')
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 5_000)
  })

  it('does not hold up the end of a script, and leaves nothing behind then', async (context) => {
    await startRedisForTest(context)
    const engines = fileURLToPath(new URL('./engines.ts', import.meta.url))
    const script = `const { startRedis } = await import('${engines}')
      const engine = await startRedis()
      console.log(JSON.stringify([engine.pid, engine.directory]))`
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    const [pid, directory] = JSON.parse(said)
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false))
    expect(existsSync(directory)).toBe(false)
  })
})

describe('startNats', () => {
  it('answers when it serves clients, with JetStream', async (context) => {
    const engine = await startNatsForTest(context)
    expect(engine.url).toBe(`nats://127.0.0.1:${engine.port}`)
    const socket = connect(engine.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    const [info] = await once(socket.setEncoding('utf8'), 'data')
    expect(info).toMatch(/^INFO .*"jetstream":true/)
  })

  it('is killed and starts again on its port, with its directory', async (context) => {
    const engine = await startNatsForTest(context, { token: 'secret', config: ['max_payload: 1MB'] })
    const { pid, url, directory } = engine
    expect(url).toBe(`nats://secret@127.0.0.1:${engine.port}`)
    await engine.kill()
    await engine.restart()
    expect([engine.url, engine.directory]).toEqual([url, directory])
    expect(isRunning(pid)).toBe(false)
    await engine.stop()
    expect(existsSync(directory)).toBe(false)
  })

  it('says what NATS said if it does not start', async (context) => {
    await expect(startNatsForTest(context, { config: ['listen: 1.2.3.4.5:x'] })).rejects.toThrow(
      'nats-server did not start',
    )
  })
})

describe('sharedRedis', () => {
  const redis = sharedRedis()
  let first: Engine

  it('starts with the first test that asks', async (context) => {
    first = await redis(context)
    expect(await ask(first, 'PING')).toBe('+PONG\r\n')
  })

  it('is the same in the next', async (context) => {
    expect(await redis(context)).toBe(first)
    expect(await ask(first, 'PING')).toBe('+PONG\r\n')
  })
})
