import type { EventLog } from '@sse/core'
import type { Engine } from '@sse/tooling/engines'
import { startRedisForTest } from '@sse/tooling/engines-for-test'
import { Redis } from 'ioredis'
import { describe, expect, it, type TestContext, vi } from 'vitest'
import { type RedisLogOptions, redisLog } from '../src/index.ts'
import { command } from './commands.ts'
import { entryOf, releasedAfterTest, TestFollower } from './follower.ts'

/** A master, a replica that has all it has, and a sentinel that replaces a master which is gone for half a second. */
async function deployment(context: TestContext): Promise<{ readonly master: Engine; readonly sentinel: Engine }> {
  const master = await startRedisForTest(context)
  await startRedisForTest(context, { config: [`replicaof 127.0.0.1 ${master.port}`, 'repl-diskless-sync-delay 0'] })
  await vi.waitFor(async () => expect(await command(master, 'INFO', 'replication')).toContain('state=online'), {
    timeout: 10_000,
  })
  const sentinel = await startRedisForTest(context, {
    args: ['--sentinel'],
    config: [
      `sentinel monitor mine 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds mine 500',
      'sentinel failover-timeout mine 3000',
    ],
  })
  await vi.waitFor(async () => expect(await command(sentinel, 'INFO', 'sentinel')).toContain('slaves=1'), {
    timeout: 10_000,
  })
  return { master, sentinel }
}

function logBy(sentinel: Engine, options: RedisLogOptions = {}): EventLog {
  const sentinels = [{ host: '127.0.0.1', port: sentinel.port }]
  const client = new Redis({ sentinels, name: 'mine', lazyConnect: true })
  return releasedAfterTest(redisLog({ client, probeInterval: 250, publishTimeout: 20_000, ...options }))
}

describe('a master that is replaced', () => {
  it('is a new epoch, told once: it may have acknowledged what its replica never got', {
    timeout: 40_000,
  }, async (context) => {
    const { master, sentinel } = await deployment(context)
    const log = logBy(sentinel)
    const follower = new TestFollower(log)
    const { epoch } = await log.append(entryOf('before'))
    await follower.until('before')
    await master.kill()
    const after = await log.append(entryOf('after'))
    await follower.until('after')
    expect(after.epoch).not.toBe(epoch)
    expect(follower.texts).toEqual(['before', 'after'])
    expect(new Set(follower.attachments.map((at) => at.epoch))).toEqual(new Set([epoch, after.epoch]))
  })

  it('is the same epoch where that is trusted and nothing is missing', { timeout: 40_000 }, async (context) => {
    const { master, sentinel } = await deployment(context)
    const log = logBy(sentinel, { failover: 'trust' })
    const follower = new TestFollower(log)
    const { epoch } = await log.append(entryOf('before'))
    await follower.until('before')
    // The replica has it by the time that the next command is answered.
    expect(await command(master, 'WAIT', 1, 5_000)).toBe(1)
    await master.kill()
    const after = await log.append(entryOf('after'))
    await follower.until('after')
    expect(after.epoch).toBe(epoch)
    expect(follower.texts).toEqual(['before', 'after'])
  })
})
