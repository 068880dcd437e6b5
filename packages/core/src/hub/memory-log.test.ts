import { afterEach, describe, expect, it, vi } from 'vitest'
import { logContract } from '../testing/log-contract.ts'
import type { LogEntry, LogFollower, LogRecord } from './log.ts'
import { memoryLog } from './memory-log.ts'

const TAIL = { maxEvents: 10, maxBytes: 1_000 }

describe('memoryLog', () => {
  for (const { name, run } of logContract({ create: memoryLog })) it(name, run)

  afterEach(() => vi.restoreAllMocks())

  it('does nothing before it is used, and draws its epoch once', async () => {
    const draw = vi.spyOn(crypto, 'getRandomValues')
    const log = memoryLog()
    expect(log.isPosition('1')).toBe(true)
    expect(log.compare('1', '2')).toBeLessThan(0)
    expect(draw).not.toHaveBeenCalled()
    const { epoch } = await log.append(entry('a'))
    log.follow(follower(), TAIL)
    await log.append(entry('b'))
    expect(draw).toHaveBeenCalledTimes(1)
    expect(epoch).toMatch(/^[0-9a-z]{12}$/)
  })

  it('draws its epoch when it is followed first', async () => {
    const log = memoryLog()
    const reader = follower()
    log.follow(reader, TAIL)
    expect(reader.calls).toEqual([
      ['attach', { epoch: expect.stringMatching(/^[0-9a-z]{12}$/), floor: '0', head: '0' }],
    ])
    expect(reader.calls[0]?.[1]).toMatchObject({ epoch: (await log.append(entry('a'))).epoch })
  })

  it('is another history each time it is made', async () => {
    const epochs = new Set<string>()
    for (let n = 0; n < 100; n++) epochs.add((await memoryLog().append(entry('a'))).epoch)
    expect(epochs.size).toBe(100)
  })

  it('[E7] counts from 1, in visible ASCII', async () => {
    const log = memoryLog()
    for (let n = 1; n <= 11; n++) expect((await log.append(entry('a'))).position).toBe(String(n))
    const { epoch, position } = await log.append(entry('a'))
    expect(`${epoch}.${position}`).toMatch(/^[\x21-\x7e]{1,128}$/)
  })

  it('hands a record to its followers before append returns', () => {
    const log = memoryLog()
    const reader = follower()
    log.follow(reader, TAIL)
    void log.append({ ...entry('a'), key: 'k' })
    expect(reader.calls.slice(1)).toEqual([['records', [{ ...entry('a'), key: 'k', position: '1' }]]])
  })

  it('keeps no history: a follower begins at the head', () => {
    const log = memoryLog()
    for (const data of ['a', 'b']) void log.append(entry(data))
    const reader = follower()
    log.follow(reader, TAIL)
    expect(reader.calls).toEqual([['attach', expect.objectContaining({ floor: '2', head: '2' })]])
  })

  it('carries a key only if there is one', () => {
    const log = memoryLog()
    const reader = follower()
    log.follow(reader, TAIL)
    void log.append(entry('a'))
    void log.append({ ...entry('b'), key: '' })
    expect(reader.given.map((record) => Object.hasOwn(record, 'key'))).toEqual([false, true])
  })

  it('gives a follower that begins within a delivery nothing of what was appended before, delivered or not', () => {
    const log = memoryLog()
    const late = follower()
    const first = follower((record) => {
      if (record.data !== 'a') return
      void log.append(entry('b'))
      log.follow(late, TAIL)
      void log.append(entry('c'))
    })
    log.follow(first, TAIL)
    void log.append(entry('a'))
    expect(first.given.map(({ data }) => data)).toEqual(['a', 'b', 'c'])
    expect(first.calls.map(([name]) => name)).not.toContain('detach')
    expect(late.calls[0]).toEqual(['attach', expect.objectContaining({ floor: '2', head: '2' })])
    expect(late.given.map(({ data }) => data)).toEqual(['c'])
  })

  it('delivers what is appended within attach after it', () => {
    const log = memoryLog()
    const reader = follower()
    const { attach } = reader
    reader.attach = (at) => {
      void log.append(entry('a'))
      attach(at)
    }
    log.follow(reader, TAIL)
    expect(reader.calls.map(([name]) => name)).toEqual(['attach', 'records'])
  })

  it('[H11] detaches a follower that throws, wherever it does, and serves the others', async () => {
    const log = memoryLog()
    const broken = { attach: follower(), records: follower(), detach: follower() }
    const error = new Error('broken')
    const fail = (): never => {
      throw error
    }
    broken.attach.attach = fail
    broken.records.records = fail
    broken.detach.records = fail
    broken.detach.detach = fail
    const healthy = follower()
    for (const one of [...Object.values(broken), healthy]) log.follow(one, TAIL)
    for (const data of ['a', 'b'])
      await expect(log.append(entry(data))).resolves.toMatchObject({ position: expect.any(String) })
    expect(healthy.given.map(({ data }) => data)).toEqual(['a', 'b'])
    expect(broken.attach.calls).toEqual([['detach', error]])
    expect(broken.records.calls.slice(1)).toEqual([['detach', error]])
    expect(broken.detach.calls).toHaveLength(1)
  })

  it('[H12] keeps nothing of followers that stopped', async () => {
    const log = memoryLog()
    const reader = follower()
    for (let n = 0; n < 10_000; n++) {
      const stop = log.follow(reader, TAIL)
      await stop()
      await stop()
    }
    void log.append(entry('a'))
    expect(reader.given).toEqual([])
    expect(reader.calls).toHaveLength(10_000)
  })

  it('knows its positions, and no other spelling of them', () => {
    const { isPosition } = memoryLog()
    for (const text of ['0', '1', '10', '999999999999999']) expect(isPosition(text)).toBe(true)
    for (const text of [
      '',
      '00',
      '01',
      '-1',
      '+1',
      '1.0',
      '1e3',
      '0x1',
      '1a',
      ' 1',
      '1\n',
      '١',
      '１',
      '1000000000000000',
      '1'.repeat(1e6),
    ]) {
      expect(isPosition(text)).toBe(false)
    }
  })

  it('compares by number', () => {
    const { compare } = memoryLog()
    const inOrder = ['0', '1', '2', '9', '10', '11', '99', '100', '999999999999998', '999999999999999']
    for (const [i, a] of inOrder.entries()) {
      for (const [j, b] of inOrder.entries()) expect(Math.sign(compare(a, b))).toBe(Math.sign(i - j))
    }
  })
})

function entry(data: string): LogEntry {
  return { topic: 't', event: 'message', data, raw: true }
}

/** A follower that notes its calls, and fails if one is nested in another. */
interface Recorder extends LogFollower {
  readonly calls: [name: string, argument: unknown][]
  readonly given: LogRecord[]
}

function follower(onRecord: (record: LogRecord) => void = () => {}): Recorder {
  const calls: Recorder['calls'] = []
  const given: LogRecord[] = []
  let isCalled = false
  return {
    calls,
    given,
    attach: (at) => void calls.push(['attach', at]),
    records: (batch) => {
      expect(isCalled).toBe(false)
      isCalled = true
      calls.push(['records', batch])
      given.push(...batch)
      for (const record of batch) onRecord(record)
      isCalled = false
    },
    detach: (error) => void calls.push(['detach', error]),
  }
}
