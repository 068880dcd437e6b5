import { mkdtempSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { createHub, type EventLog, type SseError } from '@sse/core'
import { sharedRedis, startRedisForTest } from '@sse/tooling/engines-for-test'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { redisLog } from '../src/index.ts'
import { command } from './commands.ts'
import { entryOf, releasedAfterTest, TestFollower, until } from './follower.ts'

const redis = sharedRedis()

/** A log whose timeouts a test can wait for. */
function logAt(url: string, options: Partial<Parameters<typeof redisLog>[0]> = {}): EventLog {
  return releasedAfterTest(redisLog({ url, probeInterval: 250, publishTimeout: 800, ...options }))
}

function sseError(message: RegExp): unknown {
  return expect.objectContaining({ name: 'SseError', code: 'SSE_LOG', message: expect.stringMatching(message) })
}

/** Resolves when who appends and who follows were told the same of Redis, and where it is. */
async function untilTold(log: EventLog, port: number, message: RegExp): Promise<void> {
  const follower = new TestFollower(log)
  const told = sseError(new RegExp(`^Redis at 127\\.0\\.0\\.1:${port}.*${message.source}`))
  // What comes first on a busy machine may be that it took too long to connect.
  await vi.waitFor(
    async () => {
      expect(await log.append(entryOf('one')).catch((error: unknown) => error)).toEqual(told)
      expect(follower.errors).toContainEqual(told)
    },
    { timeout: 10_000 },
  )
  expect(follower.attachments).toEqual([])
  expect(String(follower.errors)).not.toMatch(/wrong@|secret/)
}

describe('a Redis that is not there at the start', () => {
  it('is named with the cause, and is used once it comes', async (context) => {
    const engine = await startRedisForTest(context)
    await engine.kill()
    const errors: unknown[] = []
    const hub = createHub({ log: logAt(engine.url, { publishTimeout: 1_500 }), onError: (error) => errors.push(error) })
    onTestFinished(() => hub.close())
    const ready = vi.fn()
    void hub.ready.then(ready)
    const began = performance.now()
    const message = new RegExp(`^Redis at 127\\.0\\.0\\.1:${engine.port}.*ECONNREFUSED`)
    await expect(hub.publish('t', { data: 'lost' })).rejects.toEqual(sseError(message))
    expect(performance.now() - began).toBeLessThan(2_500)
    expect(await hub.health()).toEqual({ ok: false, error: sseError(message) })
    expect(hub.stats().log.state).toBe('away')
    // However often it was tried meanwhile.
    expect(errors).toHaveLength(1)
    expect(ready).not.toHaveBeenCalled()
    await engine.restart()
    await hub.ready
    expect(await hub.health()).toEqual({ ok: true })
    expect(await hub.publish('t', { data: 'kept' })).toMatch(/^[0-9a-z]+\.\d+-1$/)
  })

  it('is waited for as long as it takes with `publishTimeout: false`', async (context) => {
    const engine = await startRedisForTest(context)
    await engine.kill()
    const log = logAt(engine.url, { publishTimeout: false })
    const publishing = Promise.all(['a', 'b', 'c'].map((text) => log.append(entryOf(text))))
    const follower = new TestFollower(log)
    await until(() => follower.errors.length > 0)
    await engine.restart()
    await publishing
    await follower.until('c')
    expect(follower.texts).toEqual(['a', 'b', 'c'])
  })
})

describe('a Redis that refuses', () => {
  it.for([
    [
      'a wrong password',
      (port: number) => `redis://:wrong@127.0.0.1:${port}`,
      /user name or password is wrong.*WRONGPASS/,
    ],
    ['no password', (port: number) => `redis://127.0.0.1:${port}`, /asks for a password.*NOAUTH/],
  ] as const)('%s is named', async ([, urlAt, message], context) => {
    const { port } = await locked(context)
    await untilTold(logAt(urlAt(port)), port, message)
  })

  it.for(['log', '{log}:log'])('says that the key %s holds something else', async (taken, context) => {
    const engine = await redis(context)
    onTestFinished(async () => void (await command(engine, 'FLUSHALL')))
    await command(engine, 'SET', taken, 'mine')
    const message = /a key of the log holds something else: choose another `key`.*WRONGTYPE/
    await untilTold(logAt(engine.url, { key: 'log' }), engine.port, message)
    expect(await command(engine, 'GET', taken)).toBe('mine')
  })

  it('says that its user may not do that', async (context) => {
    const config = ['user narrow on >secret ~other:* +@all']
    const { port } = await startRedisForTest(context, { config })
    await untilTold(logAt(`redis://narrow:secret@127.0.0.1:${port}`), port, /README.*NOPERM/)
  })

  it('has no memory left: the event is refused, and the next one accepted once there is', async (context) => {
    const engine = await startRedisForTest(context, { config: ['maxmemory-policy noeviction'] })
    const log = logAt(engine.url, { publishTimeout: 10_000 })
    const follower = new TestFollower(log)
    await log.append(entryOf('before'))
    await command(engine, 'CONFIG', 'SET', 'maxmemory', '1')
    await expect(log.append(entryOf('refused'))).rejects.toEqual(
      sseError(/no memory left: raise `maxmemory`, or keep fewer events.*OOM/),
    )
    await command(engine, 'CONFIG', 'SET', 'maxmemory', '0')
    await log.append(entryOf('after'))
    await follower.until('after')
    expect(follower.texts).toEqual(['before', 'after'])
    expect([follower.attachments.length, follower.errors]).toEqual([1, []])
  })

  it('cannot save to its disk: the event is refused, and the next one accepted once it can', async (context) => {
    const engine = await startRedisForTest(context, { config: ['enable-protected-configs yes'] })
    const log = logAt(engine.url, { publishTimeout: 10_000 })
    const follower = new TestFollower(log)
    await log.append(entryOf('before'))
    const directory = mkdtempSync(join(engine.directory, 'gone-'))
    await command(engine, 'CONFIG', 'SET', 'dir', directory, 'save', '3600 1')
    rmdirSync(directory)
    await command(engine, 'BGSAVE')
    await vi.waitFor(async () => {
      expect(await command(engine, 'INFO', 'persistence')).toContain('rdb_last_bgsave_status:err')
    })
    await expect(log.append(entryOf('refused'))).rejects.toEqual(
      sseError(/cannot save to its disk and refuses writes.*MISCONF/),
    )
    // Whoever comes now reads what is there, and is told as much when it appends.
    const late = logAt(engine.url, { publishTimeout: 10_000 })
    const reader = new TestFollower(late)
    await reader.until('before')
    await expect(late.append(entryOf('refused'))).rejects.toEqual(sseError(/^(?!.*did not answer).*MISCONF/))
    expect(reader.errors).toEqual([])
    // It would not end either.
    await command(engine, 'CONFIG', 'SET', 'save', '')
    await log.append(entryOf('after'))
    await follower.until('after')
    expect(follower.texts).toEqual(['before', 'after'])
  })

  it('is a replica that takes no writes', async (context) => {
    const master = await startRedisForTest(context)
    const replica = await startRedisForTest(context, { config: [`replicaof 127.0.0.1 ${master.port}`] })
    await untilTold(logAt(replica.url), replica.port, /replica, and takes no writes.*READONLY/)
  })

  it('takes no record of that length: it alone is refused, those before and after are accepted', async (context) => {
    const engine = await startRedisForTest(context, { config: ['proto-max-bulk-len 1mb'] })
    const log = logAt(engine.url, { publishTimeout: 10_000 })
    const follower = new TestFollower(log)
    await log.append(entryOf('first'))
    const texts = ['before', 'x'.repeat(3 * 2 ** 20), 'after']
    const [before, refused, after] = await Promise.allSettled(texts.map((text) => log.append(entryOf(text))))
    expect([before?.status, after?.status]).toEqual(['fulfilled', 'fulfilled'])
    expect(refused).toMatchObject({ status: 'rejected', reason: sseError(/proto-max-bulk-len/) })
    await follower.until('after')
    expect(follower.texts).toEqual(['first', 'before', 'after'])
  })
})

const locked = sharedRedis({ password: 'right' })

describe('entries that are not ours', () => {
  const odd: readonly (readonly [what: string, entry: readonly [string, ...string[]]])[] = [
    ['of other fields', ['*', 'foo', 'bar']],
    ['without data', ['*', 'topic', 't', 'event', 'message']],
    ['with a field too many', ['*', 'topic', 't', 'event', 'message', 'text', 'x', 'foo', 'bar']],
    ['with the fields in another order', ['*', 'event', 'message', 'topic', 't', 'text', 'x']],
    ['with a topic that is none', ['*', 'topic', 'a//b', 'event', 'message', 'text', 'x']],
    ['with an event that could forge another', ['*', 'topic', 't', 'event', 'a\ndata: b', 'text', 'x']],
    ['far in the future', ['9000000000000-7', 'foo', 'bar']],
    ['with an id longer than ours', ['*', 'topic', '', 'event', '', 'text', '']],
  ]

  it.for(odd)(
    '%s are reported and skipped, by who reads them and by who starts',
    async ([, [id, ...fields]], context) => {
      const engine = await redis(context)
      onTestFinished(async () => void (await command(engine, 'FLUSHALL')))
      const reports: SseError[] = []
      const log = logAt(engine.url, { publishTimeout: 10_000, onError: (error) => reports.push(error) })
      const follower = new TestFollower(log)
      await log.append(entryOf('before'))
      await command(engine, 'XADD', 'sse', id, ...fields)
      await log.append(entryOf('after'))
      await follower.until('after')
      expect(follower.texts).toEqual(['before', 'after'])
      expect([follower.attachments.length, follower.errors]).toEqual([1, []])
      expect(reports).toEqual([sseError(/the stream `sse` holds 1 entr.* not ours.*skipped/)])
      const late = new TestFollower(log)
      await late.until('after')
      expect(late.texts).toEqual(['before', 'after'])
      expect(reports).toHaveLength(2)
    },
  )

  it('that imitate ours are skipped or told as a gap: nobody is stopped, and nothing of ours is missing', async (context) => {
    const engine = await redis(context)
    onTestFinished(async () => void (await command(engine, 'FLUSHALL')))
    const log = logAt(engine.url, { publishTimeout: 10_000, onError: () => {} })
    const follower = new TestFollower(log)
    const fields = ['topic', 't', 'event', 'message', 'text', 'forged']
    const forge = (id: string): Promise<unknown> => command(engine, 'XADD', 'sse', id, ...fields)
    for (const [i, id] of ['*', 'next', '*', 'next'].entries()) {
      const { position } = await log.append(entryOf(`before ${i}`))
      const [ms = '', ordinal] = position.split('-')
      await forge(id === '*' ? '*' : `${ms}-${Number(ordinal) + 1}`)
      await log.append(entryOf(`after ${i}`))
      await untilInStep(follower, log)
    }
    const ours = follower.texts.filter((text) => text !== 'forged')
    expect(new Set(ours).size).toBe(ours.length)
    if (follower.attachments.length === 1) expect(ours).toEqual(expect.arrayContaining(['before 0', 'after 3']))
  })

  it('that imitate the begin of an epoch are no end: who follows goes on', async (context) => {
    const engine = await redis(context)
    onTestFinished(async () => void (await command(engine, 'FLUSHALL')))
    const log = logAt(engine.url, { publishTimeout: 10_000, onError: () => {} })
    const follower = new TestFollower(log)
    await log.append(entryOf('before'))
    await follower.until('before')
    await command(engine, 'XADD', 'sse', '*', 'topic', 'sse.epoch', 'event', 'sse.epoch', 'text', 'forged')
    await untilInStep(follower, log)
    const attachments = follower.attachments.length
    await untilInStep(follower, log)
    expect(follower.attachments).toHaveLength(attachments)
    expect(follower.attachments.some(({ epoch }) => epoch === 'forged')).toBe(true)
  })
})

/** Resolves when a follower gets what is appended, in the epoch that the log says it is in. */
async function untilInStep(follower: TestFollower, log: EventLog): Promise<void> {
  let count = 0
  await vi.waitFor(
    async () => {
      const text = `step ${count++} of ${follower.received.length}`
      const { epoch } = await log.append(entryOf(text))
      await until(() => follower.texts.includes(text) && follower.attachments.at(-1)?.epoch === epoch, 1_000)
    },
    { timeout: 10_000 },
  )
}

describe('redisLog', () => {
  it.each([
    ['client', {}],
    ['url', { url: 'localhost' }],
    ['key', { url: 'redis://localhost', key: '' }],
    ['key', { url: 'redis://localhost', key: 'a{b' }],
    ['maxEvents', { url: 'redis://localhost', maxEvents: 0 }],
    ['publishTimeout', { url: 'redis://localhost', publishTimeout: 0 }],
    ['probeInterval', { url: 'redis://localhost', probeInterval: 1 }],
  ])('refuses a wrong `%s` at once: %j', (name, options) => {
    expect(() => redisLog(options)).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${name}\``) }),
    )
  })

  it('does no I/O until it is used', async () => {
    const resources = process.getActiveResourcesInfo()
    createHub({ log: redisLog({ url: 'redis://localhost:1' }) })
    expect(process.getActiveResourcesInfo()).toEqual(resources)
  })
})
