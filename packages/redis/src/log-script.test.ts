import type { LogEntry } from '@sse/core'
import { sharedRedis } from '@sse/tooling/engines-for-test'
import { describe, expect, it, onTestFinished } from 'vitest'
import { command } from '../test/commands.ts'
import { LogScript } from './log-script.ts'
import { redisSettings } from './options.ts'
import { ordinalOf } from './position.ts'

const redis = sharedRedis()
let keys = 0

function entries(...texts: readonly string[]): LogEntry[] {
  return texts.map((data) => ({ topic: 't', event: 'message', data, raw: true }))
}

/** The script of a writer at a key that no other test has. */
async function stage(context: Parameters<typeof redis>[0], writer = 'w') {
  const engine = await redis(context)
  const settings = redisSettings({ url: engine.url, key: `log-${++keys}` })
  const connection = await settings.endpoint.connect(5_000)
  onTestFinished(() => connection.destroy())
  const script = new LogScript(connection, settings, writer)
  const texts = async (): Promise<unknown[]> => {
    const all = await connection.send(['XRANGE', settings.stream, '-', '+'])
    return Array.isArray(all) ? all.map(([, fields]) => fields[5]) : []
  }
  return { engine, settings, connection, script, texts }
}

describe('LogScript', () => {
  it('[L2] tells where a batch is whose answer was lost', async (context) => {
    const { script } = await stage(context)
    const { epoch, last } = await script.append(1, entries('a', 'b'))
    expect(await script.check(undefined, 1)).toMatchObject({ epoch, last, batch: { epoch, position: last } })
  })

  it('[L2] makes sure that a batch which it has told is not there never will be', async (context) => {
    const { script, texts } = await stage(context)
    await script.append(1, entries('a'))
    expect(await script.check(undefined, 2)).toMatchObject({ batch: undefined })
    await expect(script.append(2, entries('late'))).rejects.toThrow(/^STALE /)
    await script.append(3, entries('again'))
    await expect(script.append(2, entries('late'))).rejects.toThrow(/^STALE /)
    expect((await texts()).slice(1)).toEqual(['a', 'again'])
  })

  it('[L1] gives positions that go up also where the clock has gone back, and after what was read', async (context) => {
    const { script, engine, settings } = await stage(context)
    const future = `${Date.now() + 3_600_000}-7`
    const begun = await script.check(future)
    expect(Number(begun.start.split('-')[0])).toBe(Number(future.split('-')[0]) + 1)
    const { last } = await script.append(1, entries('a'))
    expect(last).toBe(`${begun.start.split('-')[0]}-1`)
    await command(engine, 'DEL', settings.stream)
    const again = await script.check(undefined)
    expect(Number(again.start.split('-')[0])).toBeGreaterThan(Number(last.split('-')[0]))
  })

  it('counts its entries without a hole, whatever else is in the stream', async (context) => {
    const { script, engine, settings } = await stage(context)
    const { last: first } = await script.append(1, entries('a'))
    await command(engine, 'XADD', settings.stream, `${Date.now() + 60_000}-5`, 'foo', 'bar')
    const { last: second } = await script.append(2, entries('b', 'c'))
    expect([ordinalOf(first), ordinalOf(second)]).toEqual([1, 3])
  })

  it('begins one epoch for all who do not trust the last', async (context) => {
    const { script } = await stage(context)
    const { epoch, last } = await script.append(1, entries('a'))
    const [one, other] = await Promise.all([script.distrust(last, epoch), script.distrust(last, epoch)])
    expect(one.epoch).not.toBe(epoch)
    expect(other).toEqual(one)
  })

  it('keeps about so many entries', async (context) => {
    const { script, texts } = await stage(context)
    for (let i = 1; i <= 60; i++) await script.append(i, entries(...Array.from({ length: 500 }, String)))
    const { length } = await texts()
    expect(length).toBeGreaterThanOrEqual(20_000)
    expect(length).toBeLessThan(21_000)
  })

  it('leaves of a writer nothing that stays', async (context) => {
    const { script, connection, settings } = await stage(context)
    await script.append(1, entries('a'))
    const expiry = Number(await connection.send(['TTL', settings.writerKey('w')]))
    expect(expiry).toBeGreaterThan(3_590)
    expect(expiry).toBeLessThanOrEqual(3_600)
  })
})
