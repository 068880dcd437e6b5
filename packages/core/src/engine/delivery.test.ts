import { describe, expect, it } from 'vitest'
import type { LogFollower, LogRecord } from '../hub/log.ts'
import { Delivery } from './delivery.ts'

const AT = { epoch: 'e', floor: '0', head: '1' }
const RECORD: LogRecord = { position: '1', topic: 'a', event: 'message', data: 'x', raw: true }
const BROKEN = new Error('a follower is broken')

describe('Delivery', () => {
  it('hands on what comes, as it is', () => {
    const { calls, follower } = note()
    const delivery = new Delivery(follower)
    const away = new Error('away')
    delivery.detach(away)
    delivery.attach(AT)
    delivery.records([RECORD])
    expect(calls).toEqual([
      ['detach', away],
      ['attach', AT],
      ['records', [RECORD]],
    ])
    expect(delivery.signal.aborted).toBe(false)
  })

  it('hands on no empty batch', () => {
    const { calls, follower } = note()
    new Delivery(follower).records([])
    expect(calls).toEqual([])
  })

  it('hands on nothing once it was stopped, also from within a call', () => {
    const { calls, follower } = note(() => delivery.stop())
    const delivery = new Delivery(follower)
    delivery.attach(AT)
    delivery.records([RECORD])
    delivery.detach(new Error('away'))
    delivery.stop()
    expect(calls).toEqual([['attach', AT]])
    expect(delivery.signal.aborted).toBe(true)
  })

  for (const broken of ['attach', 'records', 'detach'] as const) {
    it(`detaches a follower whose \`${broken}\` throws, with what it has thrown, and hands on nothing more`, () => {
      const { calls, follower } = note((name) => {
        if (name === broken) throw BROKEN
      })
      const delivery = new Delivery(follower)
      for (let i = 0; i < 2; i++) {
        delivery.attach(AT)
        delivery.records([RECORD])
        delivery.detach(new Error('away'))
      }
      expect(calls.at(-1)).toEqual(['detach', BROKEN])
      expect(calls.filter(([name]) => name === broken)).toHaveLength(broken === 'detach' ? 2 : 1)
      expect(delivery.signal.aborted).toBe(true)
    })
  }

  it('refuses places that cannot be ids, and goes on with those that can', () => {
    const { calls, follower } = note()
    const delivery = new Delivery(follower)
    for (const at of [
      { ...AT, epoch: 'e\ndata: forged' },
      { ...AT, epoch: '' },
      { ...AT, epoch: 'e'.repeat(127) },
      { ...AT, floor: '1 ' },
      { ...AT, head: '1.2' },
    ]) {
      expect(() => delivery.attach(at)).toThrow(expect.objectContaining({ name: 'SseError', code: 'SSE_LOG' }))
    }
    delivery.attach({ ...AT, epoch: 'e'.repeat(126) })
    expect(calls).toHaveLength(1)
  })
})

/** A follower that notes how it is called, and then does this. */
function note(then: (name: keyof LogFollower) => void = () => {}) {
  const calls: [name: keyof LogFollower, argument: unknown][] = []
  const called = (name: keyof LogFollower, argument: unknown): void => {
    calls.push([name, argument])
    then(name)
  }
  const follower: LogFollower = {
    attach: (at) => called('attach', at),
    records: (batch) => called('records', batch),
    detach: (error) => called('detach', error),
  }
  return { calls, follower }
}
