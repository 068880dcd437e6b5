import { startRedisForTest } from '@sse/tooling/engines-for-test'
import { describe, expect, it } from 'vitest'
import { redisLog } from '../src/index.ts'
import { command } from './commands.ts'
import { entryOf, releasedAfterTest } from './follower.ts'

describe('epochs of a log that begins anew', () => {
  it('tell which of them is later', async (context) => {
    const engine = await startRedisForTest(context)
    const log = releasedAfterTest(redisLog({ url: engine.url, key: 'epochs', probeInterval: 250 }))
    const epochs: string[] = []
    for (const lose of ['DEL epochs', 'FLUSHALL', 'DEL {epochs}:log', 'FLUSHALL']) {
      epochs.push((await log.append(entryOf('event'))).epoch)
      const [name = '', ...keys] = lose.split(' ')
      await command(engine, name, ...keys)
    }
    await engine.kill()
    await engine.restart()
    epochs.push((await log.append(entryOf('event'))).epoch)
    for (const [i, epoch] of epochs.entries()) {
      for (const [j, other] of epochs.entries()) expect(log.isLaterEpoch?.(epoch, other)).toBe(i > j)
    }
  })
})
