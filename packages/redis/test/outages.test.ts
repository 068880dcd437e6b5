import { createHub, type EventLog } from '@sse/core'
import { sharedRedis, startRedisForTest } from '@sse/tooling/engines-for-test'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type RedisLogOptions, redisLog } from '../src/index.ts'
import { command, cutAll } from './commands.ts'
import { entryOf, releasedAfterTest, TestFollower, until } from './follower.ts'
import { Network } from './network.ts'
import { openSockets } from './open-sockets.ts'

/** In milliseconds: what is noticed within twice of it on an idle machine. */
const PROBE = 250
/** What a busy machine takes on top. */
const PATIENCE = 3_000

const redis = sharedRedis()
let keys = 0

function logAt(url: string, options: RedisLogOptions = {}): EventLog {
  return releasedAfterTest(redisLog({ url, probeInterval: PROBE, publishTimeout: 15_000, ...options }))
}

/** A key that no other test has. */
function newKey(): string {
  return `log-${++keys}`
}

function appendAll(log: EventLog, texts: readonly string[]): Promise<unknown> {
  return Promise.all(texts.map((text) => log.append(entryOf(text))))
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`)
}

/** Whether a follower was told of no loss: it always went on after what it had read, in one epoch. */
function expectNoLoss(follower: TestFollower): void {
  const epochs = new Set(follower.attachments.map(({ epoch }) => epoch))
  expect(epochs.size).toBe(1)
  const positions = new Set(follower.received.map(({ position }) => position))
  for (const { floor } of follower.attachments.slice(1))
    expect([...positions, follower.attachments[0]?.floor]).toContain(floor)
}

describe('a page that does not come in time', () => {
  it('is not asked for again as long as it was: a new connection begins with few entries', async (context) => {
    const engine = await startRedisForTest(context)
    const log = logAt(engine.url)
    const follower = new TestFollower(log)
    await appendAll(log, numbered('short', 4_000))
    await follower.until('short3999')
    await command(engine, 'CONFIG', 'SET', 'slowlog-max-len', 1_000)
    await command(engine, 'CONFIG', 'SET', 'slowlog-log-slower-than', 0)
    /** How many entries were asked for, each time. */
    const counts = async (): Promise<string[]> => {
      const commands = JSON.stringify(await command(engine, 'SLOWLOG', 'GET', 1_000))
      return [...commands.matchAll(/"XREAD","COUNT","(\d+)"/g)].map(([, count = '']) => count).reverse()
    }
    await log.append(entryOf('last'))
    await follower.until('last')
    expect(await counts()).toContain('500')
    await command(engine, 'SLOWLOG', 'RESET')
    await cutAll(engine)
    await follower.attached(2)
    await log.append(entryOf('again'))
    await follower.until('again')
    expect((await counts())[0]).toBe('16')
  })
})

describe('a Redis that is frozen', () => {
  it('[L4] is noticed by health; publishing rejects in its time; it goes on without loss or repetition', async (context) => {
    const engine = await startRedisForTest(context)
    const hub = createHub({ log: logAt(engine.url, { publishTimeout: 500 }), onError: () => {} })
    onTestFinished(() => hub.close())
    const follower = new TestFollower(logAt(engine.url))
    await hub.ready
    await hub.publish('t', { data: 'before' })
    await follower.until('before')
    engine.freeze()
    const began = performance.now()
    const publishing = hub.publish('t', { data: 'perhaps' })
    await expect(publishing).rejects.toMatchObject({
      code: 'SSE_LOG',
      message: expect.stringMatching(/^Redis at .*did not answer within 500 ms.*It may have been accepted\.$/),
    })
    expect(performance.now() - began).toBeLessThan(500 + PATIENCE)
    await vi.waitFor(async () => expect(await hub.health()).toMatchObject({ ok: false, error: { code: 'SSE_LOG' } }), {
      timeout: 2 * PROBE + PATIENCE,
    })
    engine.resume()
    await vi.waitFor(async () => expect(await hub.health()).toEqual({ ok: true }), { timeout: 10_000 })
    await hub.publish('t', { data: 'after' })
    await follower.until('after')
    expect(follower.texts.filter((text) => text !== 'perhaps')).toEqual(['before', 'after'])
    expect(follower.texts.length).toBeLessThanOrEqual(3)
    expectNoLoss(follower)
  })

  it('is waited for with `publishTimeout: false`: each event is there once, in order', async (context) => {
    const engine = await startRedisForTest(context)
    const log = logAt(engine.url, { publishTimeout: false })
    const follower = new TestFollower(log)
    await log.append(entryOf('before'))
    engine.freeze()
    const publishing = appendAll(log, numbered('frozen ', 100))
    await until(() => follower.errors.length > 0)
    engine.resume()
    await publishing
    await log.append(entryOf('after'))
    await follower.until('after')
    expect(follower.texts).toEqual(['before', ...numbered('frozen ', 100), 'after'])
    expectNoLoss(follower)
  })
})

describe('a hub', () => {
  it('closes at once while Redis is frozen, and leaves no connection behind', async (context) => {
    const engine = await startRedisForTest(context)
    const resources = openSockets()
    const log = redisLog({ url: engine.url, probeInterval: 60_000 })
    const hub = createHub({ log, onError: () => {} })
    await hub.ready
    await hub.publish('t', { data: 'one' })
    engine.freeze()
    await hub.close()
    await vi.waitFor(() => expect(openSockets()).toBe(resources))
  })

  it('closes at once while it connects to a Redis that is frozen', async (context) => {
    const engine = await startRedisForTest(context)
    const hub = createHub({ log: redisLog({ url: engine.url, probeInterval: 60_000 }), onError: () => {} })
    engine.freeze()
    void hub.ready
    await new Promise(setImmediate)
    await hub.close()
  })

  it('closes when what was published is accepted', async (context) => {
    const engine = await redis(context)
    const key = newKey()
    const follower = new TestFollower(logAt(engine.url, { key }))
    const hub = createHub({ log: redisLog({ url: engine.url, key }) })
    void hub.publish('t', { data: 'last' })
    await hub.close()
    await follower.until('last')
  })
})

describe('an answer that is lost', () => {
  it('[L2] is asked for again: what was stored is not stored twice, and has the place it got', async (context) => {
    const engine = await redis(context)
    const network = await Network.start(engine)
    const key = newKey()
    const log = logAt(network.url, { key })
    const follower = new TestFollower(logAt(engine.url, { key }))
    await log.append(entryOf('before'))
    network.mute()
    const appending = Promise.all(numbered('lost ', 10).map((text) => log.append(entryOf(text))))
    await follower.until('lost 9')
    network.cut()
    const places = await appending
    await log.append(entryOf('after'))
    await follower.until('after')
    expect(follower.texts).toEqual(['before', ...numbered('lost ', 10), 'after'])
    expect(follower.received.slice(1, -1).map(({ position }) => position)).toEqual(
      places.map(({ position }) => position),
    )
  })

  it('[L2] to what arrives late: it is sent again, and what comes late is not stored', async (context) => {
    const engine = await redis(context)
    const network = await Network.start(engine)
    const key = newKey()
    const log = logAt(network.url, { key })
    const follower = new TestFollower(logAt(engine.url, { key }))
    await log.append(entryOf('before'))
    const arrive = network.hold()
    await appendAll(log, numbered('held ', 10))
    arrive()
    await log.append(entryOf('after'))
    await follower.until('after')
    await command(engine, 'PING')
    await log.append(entryOf('last'))
    await follower.until('last')
    expect(follower.texts).toEqual(['before', ...numbered('held ', 10), 'after', 'last'])
    expectNoLoss(follower)
  })

  it('[L2] again and again: each event is there once, in order', async (context) => {
    const engine = await redis(context)
    const network = await Network.start(engine)
    const key = newKey()
    const log = logAt(network.url, { key })
    const follower = new TestFollower(logAt(engine.url, { key }))
    const texts: string[] = []
    const appends: Promise<unknown>[] = []
    for (let round = 0; round < 8; round++) {
      const batch = numbered(`${round} `, 20)
      texts.push(...batch)
      appends.push(appendAll(log, batch))
      if (round % 2 === 0) network.mute()
      await new Promise(setImmediate)
      network.cut()
      await until(() => follower.attachments.length > 0)
    }
    await Promise.all(appends)
    await log.append(entryOf('after'))
    await follower.until('after')
    expect(follower.texts).toEqual([...texts, 'after'])
  })
})

describe('a reader that was away', () => {
  it('[L1] gets what was published meanwhile', async (context) => {
    const { follower, network, log } = await readerAway(context)
    await appendAll(log, numbered('away ', 300))
    network.open()
    await follower.until('away 299')
    expect(follower.texts).toEqual(['before', ...numbered('away ', 300)])
    expectNoLoss(follower)
  })

  it('is cut off again and again: it gets everything once, in order', async (context) => {
    const engine = await redis(context)
    const key = newKey()
    const log = logAt(engine.url, { key })
    const follower = new TestFollower(log)
    await follower.attached()
    const texts: string[] = []
    for (let round = 0; round < 10; round++) {
      const batch = numbered(`${round} `, 20)
      texts.push(...batch)
      const appending = appendAll(log, batch)
      await cutAll(engine)
      await appending
    }
    await follower.until('9 19')
    expect(follower.texts).toEqual(texts)
    expectNoLoss(follower)
  })

  it('is told once of what was trimmed meanwhile, and gets the rest', async (context) => {
    const { engine, key, follower, network, log } = await readerAway(context)
    await appendAll(log, numbered('away ', 300))
    await command(engine, 'XTRIM', key, 'MAXLEN', 100)
    network.open()
    await follower.until('away 299')
    expect(follower.texts).toEqual(['before', ...numbered('away ', 300).slice(200)])
    expectOneLoss(log, follower)
  })

  it('is told once of what was deleted in the middle, and gets the rest', async (context) => {
    const { engine, key, follower, network, log } = await readerAway(context)
    const places = await Promise.all(numbered('away ', 30).map((text) => log.append(entryOf(text))))
    await command(engine, 'XDEL', key, ...places.slice(10, 13).map(({ position }) => position))
    network.open()
    await follower.until('away 29')
    const left = numbered('away ', 30)
    left.splice(10, 3)
    expect(follower.texts).toEqual(['before', ...left])
    expectOneLoss(log, follower)
  })

  it('is told once of what was deleted at the end, without waiting for more', async (context) => {
    const { engine, key, follower, network, log } = await readerAway(context)
    const { position } = await log.append(entryOf('deleted'))
    await command(engine, 'XDEL', key, position)
    network.open()
    await until(() => follower.attachments.some(({ floor }) => log.compare(floor, position) === 0))
    await log.append(entryOf('after'))
    await follower.until('after')
    expect(follower.texts).toEqual(['before', 'after'])
    expectOneLoss(log, follower)
  })

  it('is given a flood in batches of a quarter of what the stream keeps', async (context) => {
    const engine = await redis(context)
    const key = newKey()
    await appendAll(logAt(engine.url, { key, maxEvents: 100 }), numbered('flood ', 1_000))
    const [writer] = (await command(engine, 'KEYS', `{${key}}:writer:*`)) as string[]
    const [batches] = String(await command(engine, 'GET', String(writer))).split(' ')
    expect(batches).toBe('40')
  })

  it('reads a flood from a stream that keeps little: told of each hole, and never twice', async (context) => {
    const engine = await redis(context)
    const key = newKey()
    const log = logAt(engine.url, { key, maxEvents: 100 })
    const told: string[] = []
    let expected = 0
    const ordinalOf = (position: string): number => Number(position.split('-')[1])
    const stop = logAt(engine.url, { key, maxEvents: 100 }).follow(
      {
        attach({ floor }) {
          expected = ordinalOf(floor) + 1
        },
        records(batch) {
          for (const { position, data } of batch) {
            expect(ordinalOf(position)).toBe(expected++)
            told.push(data)
          }
        },
        detach() {},
      },
      { maxEvents: 100, maxBytes: 2 ** 26 },
    )
    onTestFinished(stop)
    await appendAll(log, numbered('flood ', 9_000))
    await log.append(entryOf('last'))
    await until(() => told.includes('last'))
    expect(new Set(told).size).toBe(told.length)
  })
})

/** A log, and a follower of it that is cut off. */
async function readerAway(context: Parameters<typeof redis>[0]) {
  const engine = await redis(context)
  const network = await Network.start(engine)
  const key = newKey()
  const log = logAt(engine.url, { key })
  const follower = new TestFollower(logAt(network.url, { key }))
  await log.append(entryOf('before'))
  await follower.until('before')
  network.close()
  await until(() => follower.errors.length > 0)
  return { engine, network, key, log, follower }
}

/** One of its attachments, of the same epoch, was beyond what it had read before. */
function expectOneLoss(log: EventLog, { attachments, received }: TestFollower): void {
  expect(new Set(attachments.map(({ epoch }) => epoch)).size).toBe(1)
  const known = [attachments[0]?.floor, ...received.map(({ position }) => position)]
  const beyond = attachments.filter(({ floor }) => !known.some((position) => position === floor))
  expect(beyond).toHaveLength(1)
  for (const [i, { floor }] of attachments.entries()) {
    if (i > 0) expect(log.compare(floor, attachments[i - 1]?.floor ?? '')).toBeGreaterThanOrEqual(0)
  }
}

describe('a log that is lost', () => {
  const losses: readonly (readonly [string, readonly (readonly [string, ...string[]])[]])[] = [
    ['by FLUSHALL', [['FLUSHALL']]],
    ['by deleting the stream', [['DEL', 'KEY']]],
    ['by deleting what is known of it', [['DEL', '{KEY}:log']]],
    [
      'by deleting both',
      [
        ['DEL', '{KEY}:log'],
        ['DEL', 'KEY'],
      ],
    ],
    [
      'by deleting all of its entries',
      [
        ['XTRIM', 'KEY', 'MAXLEN', '0'],
        ['DEL', '{KEY}:log'],
      ],
    ],
  ]

  it.for(losses)(
    '[L1] %s begins anew, told once to who waits for the next entry, without any',
    async ([, steps], context) => {
      const engine = await redis(context)
      const key = newKey()
      const log = logAt(engine.url, { key })
      const followers = [new TestFollower(log), new TestFollower(logAt(engine.url, { key }))]
      await log.append(entryOf('before'))
      for (const follower of followers) await follower.until('before')
      for (const [name, ...args] of steps) await command(engine, name, ...args.map((arg) => arg.replace('KEY', key)))
      for (const follower of followers) await follower.attached(2)
      const { epoch } = await log.append(entryOf('after'))
      for (const follower of followers) {
        await follower.until('after')
        expect(follower.texts).toEqual(['before', 'after'])
        expect(new Set(follower.attachments.map((at) => at.epoch)).size).toBe(2)
        expect(follower.attachments.at(-1)?.epoch).toBe(epoch)
      }
    },
  )

  it('[L1] is not mistaken for the one before by who appends at once', async (context) => {
    const engine = await redis(context)
    const key = newKey()
    const log = logAt(engine.url, { key })
    const follower = new TestFollower(log)
    const before = await log.append(entryOf('before'))
    await follower.until('before')
    await command(engine, 'DEL', key)
    const after = await log.append(entryOf('after'))
    expect(after.epoch).not.toBe(before.epoch)
    await follower.until('after')
    expect(follower.attachments.map(({ epoch }) => epoch)).toEqual([before.epoch, after.epoch])
  })

  it('begins anew where somebody has set it back', async (context) => {
    const engine = await redis(context)
    const key = newKey()
    const log = logAt(engine.url, { key })
    const follower = new TestFollower(log)
    const places = await Promise.all(['a', 'b', 'c'].map((text) => log.append(entryOf(text))))
    await follower.until('c')
    await command(engine, 'HSET', `{${key}}:log`, 'last', places[0]?.position ?? '')
    await until(() => follower.attachments.at(-1)?.epoch !== places[0]?.epoch)
    await log.append(entryOf('after'))
    await follower.until('after')
    expect(follower.texts).toEqual(['a', 'b', 'c', 'after'])
  })

  it('goes on through a flush of the scripts', async (context) => {
    const engine = await redis(context)
    const log = logAt(engine.url, { key: newKey() })
    const follower = new TestFollower(log)
    await log.append(entryOf('before'))
    await command(engine, 'SCRIPT', 'FLUSH')
    await log.append(entryOf('after'))
    await follower.until('after')
    expectNoLoss(follower)
  })
})

describe('a Redis that starts again', () => {
  it('with what it had begins a new epoch, once: it may have lost what it had acknowledged', async (context) => {
    const engine = await startRedisForTest(context, { appendonly: true, appendfsync: 'always' })
    const log = logAt(engine.url)
    const followers = [new TestFollower(log), new TestFollower(logAt(engine.url))]
    await log.append(entryOf('before'))
    for (const follower of followers) await follower.until('before')
    await engine.kill()
    await engine.restart()
    await log.append(entryOf('after'))
    for (const follower of followers) {
      await follower.until('after')
      expect(follower.texts).toEqual(['before', 'after'])
      expect(new Set(follower.attachments.map(({ epoch }) => epoch)).size).toBe(2)
    }
  })

  it('is trusted where it has lost nothing: the same epoch, and nothing is missing', async (context) => {
    const engine = await startRedisForTest(context, { appendonly: true, appendfsync: 'always' })
    const log = logAt(engine.url, { failover: 'trust' })
    const follower = new TestFollower(log)
    await appendAll(log, numbered('before ', 50))
    await engine.kill()
    await engine.restart()
    await appendAll(log, numbered('after ', 50))
    await follower.until('after 49')
    expect(follower.texts).toEqual([...numbered('before ', 50), ...numbered('after ', 50)])
    expectNoLoss(follower)
  })

  it('is not trusted with less than was read, whoever asks for it', async (context) => {
    const engine = await startRedisForTest(context)
    const log = logAt(engine.url, { failover: 'trust' })
    const follower = new TestFollower(log)
    await log.append(entryOf('saved'))
    await command(engine, 'SAVE')
    await appendAll(log, ['lost 0', 'lost 1'])
    await follower.until('lost 1')
    await engine.kill()
    await engine.restart()
    await until(() => new Set(follower.attachments.map(({ epoch }) => epoch)).size === 2)
    await log.append(entryOf('after'))
    await follower.until('after')
    expect(follower.texts).toEqual(['saved', 'lost 0', 'lost 1', 'after'])
  })

  it('is not trusted with others in the place of what was read', async (context) => {
    const engine = await startRedisForTest(context)
    const network = await Network.start(engine)
    const log = logAt(engine.url, { failover: 'trust' })
    const follower = new TestFollower(logAt(network.url, { failover: 'trust' }))
    await log.append(entryOf('saved'))
    await command(engine, 'SAVE')
    await appendAll(log, ['lost 0', 'lost 1'])
    await follower.until('lost 1')
    network.close()
    await engine.kill()
    await engine.restart()
    await appendAll(log, numbered('other ', 10))
    network.open()
    await until(() => new Set(follower.attachments.map(({ epoch }) => epoch)).size === 2)
    await log.append(entryOf('after'))
    await follower.until('after')
    expect(follower.texts.slice(0, 3)).toEqual(['saved', 'lost 0', 'lost 1'])
    expect(new Set(follower.texts).size).toBe(follower.texts.length)
  })
})
