import { describe, expect, it } from 'vitest'
import { check } from './check.ts'
import type { History, Sight, Trail, Trim } from './history.ts'

/** What was published: serial 0 has the position 1, and so on, a second apart. */
function history(about: Partial<History> & { readonly seen?: readonly Sight[] } = {}): History {
  const { seen = [], ...rest } = about
  const publishes = Array.from({ length: 8 }, (_, serial) => ({
    serial,
    topic: serial === 3 ? 'b' : 'a/1',
    size: 10,
    publisher: 'node 0#1',
    at: serial * 1_000,
    id: `e.${serial + 1}`,
    settledAt: serial * 1_000 + 5,
  }))
  const trail: Trail = { client: 'client 0', topics: ['a/*'], seen: [...seen] }
  return {
    ring: 4,
    noticing: 0,
    publishes,
    trails: [trail],
    resets: [],
    trims: [],
    finals: [],
    heads: new Map(),
    ...rest,
  }
}

const request: Sight = { kind: 'request', at: 0, node: 'node 0', id: undefined }

function id(text: string, at = 9_000): Sight {
  return { kind: 'id', at, id: text }
}

function event(serial: number, about: Partial<Sight & { kind: 'event' }> = {}): Sight {
  return { kind: 'event', at: 9_000, id: `e.${serial + 1}`, serial, topic: 'a/1', size: 10, ...about }
}

function gap(about: Partial<Sight & { kind: 'gap' }>): Sight {
  return { kind: 'gap', at: 9_000, reason: 'trimmed', from: null, to: 'e.8', ...about }
}

function rules(of: History): string[] {
  return check(of).violations.map(({ rule }) => rule)
}

describe('check', () => {
  it('has nothing against a client that got what it chose, in order', () => {
    const seen = [request, id('e.0'), event(0), event(1), event(2), event(4), id('e.5'), event(5), event(6), event(7)]
    expect(check(history({ seen })).violations).toEqual([])
  })

  it('sees an event that is missing between two others', () => {
    expect(rules(history({ seen: [id('e.0'), event(0), event(2)] }))).toEqual(['missing'])
  })

  it('sees an event that a checkpoint has passed', () => {
    expect(rules(history({ seen: [id('e.0'), event(0), id('e.2')] }))).toEqual(['missing'])
  })

  it('sees across requests', () => {
    expect(rules(history({ seen: [id('e.0'), event(0), request, event(2)] }))).toEqual(['missing'])
  })

  it('sees that an event is missing which was rejected, but came to another client', () => {
    const rejected = history({ seen: [id('e.0'), event(0), event(2)] })
    const publish = rejected.publishes[1]
    if (publish !== undefined) rejected.publishes[1] = { ...publish, id: undefined, error: 'no answer' }
    expect(rules(rejected)).toEqual([])
    rejected.trails.push({ client: 'client 1', topics: ['**'], seen: [id('e.0'), event(0), event(1)] })
    expect(rules(rejected)).toEqual(['missing'])
  })

  it('does not ask for what a gap covers', () => {
    expect(rules(history({ seen: [id('e.0'), event(0), gap({ from: 'e.1', to: 'e.4' }), event(4)] }))).toEqual([])
  })

  it('sees an event that came twice, and ids that went back', () => {
    expect(rules(history({ seen: [id('e.0'), event(0), event(1), event(1)] }))).toEqual(['twice'])
    expect(rules(history({ seen: [id('e.0'), event(0), id('e.3'), event(1)] }))).toContain('back')
    expect(rules(history({ seen: [id('e.4'), id('e.3')] }))).toEqual(['back'])
    expect(rules(history({ seen: [id('e.1'), event(0)] }))).toEqual(['back'])
  })

  it('sees that a gap went back, also to an epoch that the client had left', () => {
    expect(rules(history({ seen: [id('e.8'), gap({ from: 'e.1', to: 'e.4' })] }))).toEqual(['back'])
    const seen = [
      id('e.8'),
      gap({ reason: 'epoch', from: 'e.8', to: 'f.0' }),
      gap({ reason: 'epoch', from: 'f.0', to: 'e.8' }),
    ]
    expect(rules(history({ seen, resets: [{ at: 1, until: 2 }] }))).toEqual(['back'])
  })

  it('sees that the epoch changed and nobody said so', () => {
    expect(rules(history({ seen: [id('e.0'), id('f.0')], resets: [{ at: 1, until: 2 }] }))).toEqual(['epoch'])
  })

  it('sees a gap where the ring must have had everything', () => {
    expect(rules(history({ seen: [id('e.4'), gap({ from: 'e.4' })] }))).toEqual(['gap without cause'])
    expect(rules(history({ seen: [id('e.3'), gap({ from: 'e.3' })] }))).toEqual([])
  })

  it('counts what had been asked for by then, and what was never answered', () => {
    const early = { seen: [id('e.3'), gap({ from: 'e.3', at: 6_500 })] }
    expect(rules(history(early))).toEqual(['gap without cause'])
    const unsure = history(early)
    const publish = unsure.publishes[0]
    if (publish !== undefined) unsure.publishes[0] = { ...publish, id: undefined, error: 'no answer' }
    expect(rules(unsure)).toEqual([])
  })

  it('takes trimming for a cause, of what is behind it', () => {
    const seen = [id('e.5'), gap({ from: 'e.5' })]
    expect(rules(history({ seen, trims: [{ at: 8_000, upTo: 6 }] }))).toEqual([])
    expect(rules(history({ seen, trims: [{ at: 8_000, upTo: 5 }] }))).toEqual(['gap without cause'])
    expect(rules(history({ seen, trims: [{ at: 9_500, upTo: 6 }] }))).toEqual(['gap without cause'])
  })

  it('takes no trimming for a cause that came before the epoch', () => {
    const seen = [
      id('d.9', 1),
      gap({ reason: 'epoch', from: 'd.9', to: 'e.0', at: 30 }),
      ...[0, 1, 2].map((serial) => event(serial)),
      gap({ from: 'e.5', to: 'e.8', at: 9_000 }),
    ]
    const rulesWith = (trims: Trim[]): string[] => {
      const run = history({ seen, resets: [{ at: 20, until: 25 }], trims })
      return rules({ ...run, publishes: run.publishes.map((publish) => ({ ...publish, settledAt: 9_000 })) })
    }
    expect(rulesWith([{ at: 10, upTo: 7 }])).toEqual(['gap without cause'])
    expect(rulesWith([{ at: 40, upTo: 7 }])).toEqual([])
  })

  it('takes a reset for a cause, of the epoch that it ends', () => {
    const seen = [id('e.5'), gap({ from: 'e.5' })]
    expect(rules(history({ seen, resets: [{ at: 8_000, until: 8_010 }] }))).toEqual([])
    expect(rules(history({ seen, resets: [{ at: 9_500, until: 9_510 }] }))).toEqual(['gap without cause'])
  })

  it('sees a gap that says the epoch is another, or the id unknown, where neither is so', () => {
    const reasons = ['epoch', 'unknown-id'] as const
    for (const reason of reasons) {
      expect(rules(history({ seen: [id('e.3'), gap({ reason, from: 'e.3' })] }))).toEqual(['gap without cause'])
    }
  })

  it('wants a reset for each new epoch, before anybody has seen it', () => {
    const seen = [id('e.8'), gap({ reason: 'epoch', from: 'e.8', to: 'f.0' })]
    expect(rules(history({ seen }))).toEqual(['new epoch without cause'])
    expect(rules(history({ seen, resets: [{ at: 9_500, until: 9_600 }] }))).toEqual(['new epoch without cause'])
    expect(rules(history({ seen, resets: [{ at: 8_500, until: 8_600 }] }))).toEqual([])
  })

  it('sees that a client was not told where it begins', () => {
    expect(rules(history({ seen: [request, event(0)] }))).toEqual(['start'])
  })

  it('sees data that was not published, or not for this client', () => {
    expect(rules(history({ seen: [id('e.0'), event(0, { size: 9 })] }))).toEqual(['data'])
    expect(rules(history({ seen: [id('e.0'), event(0, { topic: 'a/2' })] }))).toEqual(['data'])
    expect(rules(history({ seen: [id('e.3'), event(3, { topic: 'b' })] }))).toEqual(['data'])
    expect(rules(history({ seen: [id('nonsense')] }))).toEqual(['data'])
  })

  it('sees an event that has two places, and a place that has two events', () => {
    expect(rules(history({ seen: [id('e.6'), event(6), event(6, { id: 'e.8' })] }))).toContain('stored twice')
    expect(rules(history({ seen: [id('e.6'), event(6), event(7, { id: 'e.7' })] }))).toContain('stored twice')
    const records = [{ serial: 6, position: 9 }]
    const log = { epoch: 'e', first: 9, records }
    expect(rules(history({ seen: [id('e.6'), event(6)], log }))).toEqual(['stored twice'])
  })

  it('sees a publish that was answered with the id of something else', () => {
    const records = [{ serial: 0, position: 1 }]
    const log = { epoch: 'f', first: 1, records }
    expect(rules(history({ log }))).toEqual(['wrong id'])
    const resets = [{ at: -30, until: -20 }]
    expect(rules(history({ log, resets, noticing: 24 }))).toEqual(['wrong id'])
    expect(check(history({ log, resets, noticing: 25 }))).toEqual({ violations: [], late: 1 })
  })

  it('bears that an event is stored again after a reset that came before its answer', () => {
    const seen = [id('e.7'), event(7), gap({ reason: 'epoch', from: 'e.8', to: 'f.0' }), event(7, { id: 'f.1' })]
    expect(rules(history({ seen, resets: [{ at: 7_004, until: 7_010 }] }))).toEqual([])
    expect(rules(history({ seen, resets: [{ at: 7_006, until: 7_010 }] }))).toEqual(['stored twice'])
    expect(rules(history({ seen, resets: [{ at: 6_000, until: 6_999 }] }))).toEqual(['stored twice'])
  })

  it('sees what one process published in another order than it was called', () => {
    const swapped = history()
    const [first, second] = swapped.publishes
    if (first !== undefined && second !== undefined) {
      swapped.publishes[0] = { ...first, id: 'e.2' }
      swapped.publishes[1] = { ...second, id: 'e.1' }
    }
    expect(rules(swapped)).toEqual(['publish order'])
  })

  it('sees an accepted event that is not in the engine, though it was not trimmed', () => {
    const records = [4, 5, 6].map((serial) => ({ serial, position: serial + 1 }))
    expect(rules(history({ log: { epoch: 'e', first: 5, records } }))).toEqual(['log'])
    expect(rules(history({ log: { epoch: 'f', first: 5, records: [] } }))).toEqual([])
  })

  it('sees that all is quiet and something has not come, or was not answered', () => {
    expect(rules(history({ seen: [id('e.6')], finals: [7] }))).toEqual(['stall'])
    expect(rules(history({ seen: [id('e.6'), event(6), event(7)], finals: [7, 3] }))).toEqual([])
    const waiting = history()
    const publish = waiting.publishes[1]
    if (publish !== undefined) waiting.publishes[1] = { ...publish, id: undefined }
    expect(rules(waiting)).toEqual(['stall'])
  })

  it('sees that nodes disagree', () => {
    const heads = new Map([
      ['node 0', 'e.8'],
      ['node 1', 'e.7'],
    ])
    expect(rules(history({ heads }))).toEqual(['disagree'])
  })

  it('reads positions of Redis by their number', () => {
    const publishes = [1, 2].map((position) => ({
      serial: position - 1,
      topic: 'a/1',
      size: 10,
      publisher: 'node 0#1',
      at: 0,
      id: `e.1700000000000-${position}`,
      settledAt: 1,
    }))
    const seen = [id('e.1700000000000-0'), event(1, { id: 'e.1700000000000-2' })]
    expect(rules(history({ publishes, seen }))).toEqual(['missing'])
  })
})
