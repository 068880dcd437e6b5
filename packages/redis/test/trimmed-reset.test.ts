import type { EventLog } from '@sse/core'
import { sharedRedis } from '@sse/tooling/engines-for-test'
import { describe, expect, it } from 'vitest'
import { redisLog } from '../src/index.ts'
import { command } from './commands.ts'
import { entryOf, releasedAfterTest, TestFollower, until } from './follower.ts'
import { Network } from './network.ts'

const redis = sharedRedis()

describe('a reader that was away while the log began anew', () => {
  it('is told of the new epoch, though the record of that was trimmed before it was read', async (context) => {
    const engine = await redis(context)
    const network = await Network.start(engine)
    const key = 'trimmed-reset'
    const log = logAt(engine.url, key)
    const follower = new TestFollower(logAt(network.url, key))
    const before = await log.append(entryOf('before'))
    await follower.until('before')
    network.close()
    await until(() => follower.errors.length > 0)
    await command(engine, 'DEL', key)
    const places = await Promise.all(Array.from({ length: 300 }, (_, n) => log.append(entryOf(`away ${n}`))))
    await command(engine, 'XTRIM', key, 'MAXLEN', 100)
    network.open()
    await follower.until('away 299')
    const { epoch } = follower.attachments.at(-1) ?? {}
    expect(epoch).toBe(places[0]?.epoch)
    expect(epoch).not.toBe(before.epoch)
    // What is of the new epoch came after it was told of it.
    expect(follower.attachments.at(-1)?.floor).toBe(places[199]?.position)
    expect(follower.texts).toEqual(['before', ...places.slice(200).map((_, n) => `away ${n + 200}`)])
  })

  it('is told of it also where what is left begins with the number that it waits for', async (context) => {
    const engine = await redis(context)
    const network = await Network.start(engine)
    const key = 'trimmed-to-the-next'
    const log = logAt(engine.url, key)
    const follower = new TestFollower(logAt(network.url, key))
    const old = Array.from({ length: 200 }, (_, n) => log.append(entryOf(`before ${n}`)))
    await Promise.all(old)
    await follower.until('before 199')
    network.close()
    await until(() => follower.errors.length > 0)
    await command(engine, 'DEL', key)
    const places = await Promise.all(Array.from({ length: 300 }, (_, n) => log.append(entryOf(`away ${n}`))))
    await command(engine, 'XTRIM', key, 'MAXLEN', 100)
    network.open()
    await follower.until('away 299')
    expect(follower.attachments.at(-1)).toMatchObject({ epoch: places[0]?.epoch, floor: places[199]?.position })
    expect(follower.texts.slice(200)).toEqual(places.slice(200).map((_, n) => `away ${n + 200}`))
  })
})

function logAt(url: string, key: string): EventLog {
  return releasedAfterTest(redisLog({ url, key, probeInterval: 250, publishTimeout: 15_000 }))
}
