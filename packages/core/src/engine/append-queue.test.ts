import fc from 'fast-check'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { turns } from '../../test/stream-client.ts'
import type { EventLog, LogEntry } from '../hub/log.ts'
import { createPublisher } from '../hub/publisher.ts'
import { SseError } from '../wire/error.ts'
import { type Append, AppendQueue, type AppendQueueOptions } from './append-queue.ts'

const ALL = { appends: Number.POSITIVE_INFINITY, characters: Number.POSITIVE_INFINITY }
const MIB = 1024 * 1024

type Place = Awaited<ReturnType<AppendQueue['add']>>

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
})

describe('AppendQueue', () => {
  it('gives what was added, in order, once', () => {
    const { queue, add } = stage()
    void add('a', 'b')
    expect(textsOf(queue.take(ALL))).toEqual(['a', 'b'])
    expect([queue.take(ALL), queue.size]).toEqual([[], 2])
    void add('c')
    expect(queue.size).toBe(3)
    expect(queue.take(ALL).map(({ n, entry }) => [n, entry.data])).toEqual([[3, 'c']])
  })

  it('gives as many as fit, and one that does not fit alone', () => {
    const { queue, add } = stage()
    void add('1', '2', 'x'.repeat(1_000), '3', '4')
    expect(textsOf(queue.take({ appends: 1, characters: 100 }))).toEqual(['1'])
    expect(textsOf(queue.take({ appends: 10, characters: 100 }))).toEqual(['2'])
    expect(queue.take({ appends: 10, characters: 100 })).toMatchObject([{ characters: 1_002 }])
    expect(textsOf(queue.take({ appends: 10, characters: 6 }))).toEqual(['3', '4'])
  })

  it('counts the characters of all fields', () => {
    const { queue } = stage()
    void queue.add({ topic: '12', event: '345', data: '6789', raw: true, key: '0' })
    expect(queue.take(ALL)).toMatchObject([{ characters: 10 }])
  })

  it('wakes whoever sends within each call', () => {
    const wake = vi.fn()
    const { add } = stage({ wake })
    void add('a', 'b')
    expect(wake).toHaveBeenCalledTimes(2)
  })

  it('takes an entry as it is at the call', () => {
    const { queue } = stage()
    const entry = { topic: 't', event: 'e', data: 'then', raw: true }
    void queue.add(entry)
    entry.data = 'later'
    expect(textsOf(queue.take(ALL))).toEqual(['then'])
  })

  it('gives every caller its own answer, the first one', async () => {
    const { queue, add } = stage()
    const [a, b, c] = add('a', 'b', 'c')
    const [first, second, third] = queue.take(ALL)
    second?.refuse(new Error('no'))
    first?.accept(place(1))
    first?.accept(place(9))
    first?.refuse(new Error('late'))
    second?.accept(place(9))
    third?.accept(place(2))
    await expect(a).resolves.toEqual(place(1))
    await expect(b).rejects.toThrow('no')
    await expect(c).resolves.toEqual(place(2))
    expect([queue.size, queue.take(ALL), vi.getTimerCount()]).toEqual([0, [], 0])
  })

  it('gives again what was put back and has no answer yet, in order', async () => {
    const { queue, add } = stage()
    const [a, b] = add('a', 'b', 'c', 'd')
    const [first, second, third] = queue.take({ ...ALL, appends: 3 })
    first?.accept(place(1))
    queue.putBack()
    // Its answer was on the way.
    third?.accept(place(3))
    expect(queue.take(ALL).map(({ n }) => n)).toEqual([2, 4])
    expect(await a).toEqual(place(1))
    queue.putBack()
    second?.accept(place(2))
    expect(await b).toEqual(place(2))
    expect(queue.take(ALL).map(({ n }) => n)).toEqual([4])
  })

  it('draws its name when it is first asked for it, and keeps it', () => {
    const queues = [stage().queue, stage().queue]
    const [name, other] = queues.map(({ writer }) => writer)
    expect(name).toMatch(/^[0-9a-zA-Z]{12}$/)
    expect(other).not.toBe(name)
    expect(queues[0]?.writer).toBe(name)
  })
})

describe('the deadline of an append', () => {
  it('is `publishTimeout` after its call, and says what became of it', async () => {
    const { queue, add } = stage({ engine: 'Redis', publishTimeout: 5_000 })
    const [sent] = add('sent')
    queue.take(ALL)
    vi.advanceTimersByTime(1_000)
    const [waiting] = add('waiting')
    const over: string[] = []
    sent?.catch(() => over.push('sent'))
    waiting?.catch(() => over.push('waiting'))
    vi.advanceTimersByTime(3_999)
    await microtasks()
    expect(over).toEqual([])
    vi.advanceTimersByTime(1)
    await microtasks()
    expect(over).toEqual(['sent'])
    vi.advanceTimersByTime(1_000)
    await microtasks()
    expect(over).toEqual(['sent', 'waiting'])
    await expect(sent).rejects.toMatchObject({
      name: 'SseError',
      code: 'SSE_LOG',
      message: 'Redis did not answer within 5000 ms (`publishTimeout`). It may have been accepted.',
    })
    await expect(waiting).rejects.toThrow('It was not accepted.')
    expect([queue.size, queue.take(ALL), vi.getTimerCount()]).toEqual([0, [], 0])
  })

  it('says why the engine is away', async () => {
    const { queue, add } = stage()
    queue.reason = new Error('connect ECONNREFUSED.')
    const [failed] = add('a')
    vi.runAllTimers()
    await expect(failed).rejects.toMatchObject({
      message:
        'the engine did not answer within 5000 ms (`publishTimeout`): connect ECONNREFUSED. It was not accepted.',
      cause: queue.reason,
    })
  })

  it('does not say that an event was not accepted that was sent once', async () => {
    const { queue, add } = stage()
    const [failed] = add('a')
    queue.take(ALL)
    queue.putBack()
    vi.runAllTimers()
    await expect(failed).rejects.toThrow('It may have been accepted.')
  })

  it('does not come where an append may wait as long as it takes', async () => {
    const { queue, add } = stage({ publishTimeout: false })
    const [patient] = add('a')
    expect(vi.getTimerCount()).toBe(0)
    queue.take(ALL)[0]?.accept(place(1))
    expect(await patient).toEqual(place(1))
  })

  it('is kept by one timer, which is there only while something waits', () => {
    const { queue, add } = stage()
    expect(vi.getTimerCount()).toBe(0)
    void add('a', 'b')
    vi.advanceTimersByTime(10)
    void add('c')
    expect(vi.getTimerCount()).toBe(1)
    for (const append of queue.take(ALL)) append.accept(place(append.n))
    expect(vi.getTimerCount()).toBe(0)
    void add('d')
    vi.advanceTimersByTime(4_999)
    expect(queue.size).toBe(1)
    vi.advanceTimersByTime(1)
    expect([queue.size, vi.getTimerCount()]).toEqual([0, 0])
  })
})

describe('what waits', () => {
  it('is at most 10,000 events for an engine that is away; the next one is refused at once, and the others go on', async () => {
    const { queue, add } = stage({ engine: 'NATS' })
    queue.reason = new Error('away')
    void add(...Array.from({ length: 10_000 }, String))
    await expect(add('one more')[0]).rejects.toMatchObject({
      name: 'SseError',
      code: 'SSE_LIMIT',
      message: expect.stringMatching(/^10000 events wait for NATS: .*10000/),
      cause: queue.reason,
    })
    expect(queue.size).toBe(10_000)
    queue.take(ALL)[0]?.accept(place(1))
    void add('there is room again')
    expect(queue.size).toBe(10_000)
  })

  it('is ten times that while the engine is there', async () => {
    const { queue, add } = stage()
    void add(...Array.from({ length: 100_000 }, String))
    await expect(add('one more')[0]).rejects.toMatchObject({
      code: 'SSE_LIMIT',
      message: expect.stringContaining('100000'),
    })
    queue.refuseAll(new Error('closed'))
  })

  it('is at most 64 Mi characters, but one event whatever its length', async () => {
    const { queue, add } = stage()
    void add('x'.repeat(40 * MIB))
    await expect(add('x'.repeat(30 * MIB))[0]).rejects.toMatchObject({ code: 'SSE_LIMIT' })
    void add('x'.repeat(20 * MIB))
    expect(queue.size).toBe(2)
    queue.refuseAll(new Error('closed'))
    void add('x'.repeat(65 * MIB))
    await expect(add('x')[0]).rejects.toMatchObject({ code: 'SSE_LIMIT' })
    queue.refuseAll(new Error('closed'))
    void add('x'.repeat(32 * MIB), 'x'.repeat(31 * MIB))
    expect(queue.size).toBe(2)
  })

  it('is bounded with what was answered after one that has no answer', async () => {
    const { queue, add } = stage({ publishTimeout: false })
    queue.reason = new Error('away')
    void add(...Array.from({ length: 10_000 }, String))
    const [stuck, ...others] = queue.take(ALL)
    for (const append of others) append.accept(place(append.n))
    expect(queue.size).toBe(1)
    await expect(add('one more')[0]).rejects.toMatchObject({ code: 'SSE_LIMIT' })
    stuck?.accept(place(1))
    void add('there is room again')
    expect(queue.take(ALL)).toHaveLength(1)
  })

  it('can be refused as a whole', async () => {
    const { queue, add } = stage()
    const all = add('a', 'b', 'c')
    queue.take({ ...ALL, appends: 1 })
    queue.refuseAll(new Error('closed'))
    for (const one of all) await expect(one).rejects.toThrow('closed')
    expect([queue.size, queue.take(ALL), vi.getTimerCount()]).toEqual([0, [], 0])
  })

  it('is finished when what it held at that moment has its answers, in whatever order they come', async () => {
    const { queue, add } = stage()
    await queue.finish()
    const finished = vi.fn()
    void add('a', 'b')
    const both = [queue.finish().then(finished), queue.finish().then(finished)]
    void add('c')
    const [a, b] = queue.take(ALL)
    b?.accept(place(2))
    await turns()
    expect(finished).not.toHaveBeenCalled()
    a?.refuse(new Error('no'))
    await Promise.all(both)
    const rest = queue.finish()
    vi.runAllTimers()
    await rest
    expect([queue.size, vi.getTimerCount()]).toEqual([0, 0])
  })

  it('is finished after 5 seconds where events wait as long as it takes: those that came since go on to wait', async () => {
    const { queue, add } = stage({ publishTimeout: false })
    const [waiting] = add('a')
    const finished = queue.finish()
    void add('b')
    vi.advanceTimersByTime(4_999)
    expect(queue.size).toBe(2)
    vi.advanceTimersByTime(1)
    await expect(waiting).rejects.toMatchObject({ code: 'SSE_LOG', message: expect.stringContaining('let go of') })
    await finished
    vi.runAllTimers()
    expect(queue.size).toBe(1)
  })
})

describe('a publisher whose engine is away', () => {
  it('holds no more than may wait, for no longer than it may, and tells `onError` of each event that is lost', async () => {
    const { queue } = stage()
    queue.reason = new Error('away')
    const log: EventLog = {
      append: (entry: LogEntry) => queue.add(entry),
      follow: () => () => Promise.resolve(),
      compare: () => 0,
      isPosition: () => false,
    }
    const errors: unknown[] = []
    const publisher = createPublisher({
      log,
      onError: (error) => void errors.push(error instanceof SseError ? error.code : error),
    })
    for (let i = 0; i < 10_001; i++) void publisher.publish('a', { data: i })
    await turns()
    expect([errors, queue.size]).toEqual([['SSE_LIMIT'], 10_000])
    vi.advanceTimersByTime(5_000)
    await publisher.close()
    await turns()
    expect(errors).toEqual(['SSE_LIMIT', ...Array(10_000).fill('SSE_LOG')])
    expect([queue.size, vi.getTimerCount()]).toEqual([0, 0])
  })
})

/** What may happen to a queue; places among what there is are chosen by a share. */
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), length: fc.nat(20) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      appends: fc.integer({ min: 1, max: 5 }),
      characters: fc.nat(40),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('accept' as const, 'refuse' as const), which: share }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('put back' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), time: fc.nat(400) }) },
)

/** What is to be known of an append. */
interface Known {
  readonly length: number
  readonly deadline: number
  isTaken: boolean
  wasTaken: boolean
  expected: Place | string | undefined
  outcomes: (Place | string)[]
}

describe('an append', () => {
  it('is taken in order, until it was settled, and settled once, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const { queue, add } = stage({ publishTimeout: 1_000 })
        const all: Known[] = []
        const taken: Append[] = []
        for (const one of steps) {
          if (one.do === 'add') {
            const known: Known = {
              length: one.length + 2,
              deadline: performance.now() + 1_000,
              isTaken: false,
              wasTaken: false,
              expected: undefined,
              outcomes: [],
            }
            all.push(known)
            add('x'.repeat(one.length))[0]?.then(
              (answer) => known.outcomes.push(answer),
              ({ message }: Error) => known.outcomes.push(message.split('. ').at(-1) ?? ''),
            )
          } else if (one.do === 'take') {
            const expected = fitting(all, one)
            const batch = queue.take(one)
            expect(batch.map(({ n }) => n)).toEqual(expected)
            for (const n of expected) Object.assign(all[n - 1] ?? {}, { isTaken: true, wasTaken: true })
            taken.push(...batch)
          } else if (one.do === 'put back') {
            queue.putBack()
            for (const known of all) known.isTaken = false
          } else if (one.do === 'wait') {
            vi.advanceTimersByTime(one.time)
            for (const known of all) {
              if (known.deadline > performance.now()) continue
              known.expected ??= known.wasTaken ? 'It may have been accepted.' : 'It was not accepted.'
            }
          } else {
            // Also of one that was put back or given up since.
            const append = taken[Math.floor(one.which * taken.length)]
            const known = append && all[append.n - 1]
            if (append === undefined || known === undefined) continue
            if (one.do === 'accept') append.accept(place(append.n))
            else append.refuse(new Error('no'))
            known.expected ??= one.do === 'accept' ? place(append.n) : 'no'
          }
          await microtasks()
          const open = all.filter(({ expected }) => expected === undefined)
          expect(all.map(({ outcomes }) => outcomes)).toEqual(
            all.map(({ expected }) => (expected === undefined ? [] : [expected])),
          )
          expect(queue.size).toBe(open.length)
          expect(vi.getTimerCount()).toBe(open.length > 0 ? 1 : 0)
        }
        queue.refuseAll(new Error('closed'))
        expect([queue.size, queue.take(ALL), vi.getTimerCount()]).toEqual([0, [], 0])
      }),
      { numRuns: 300 },
    )
  })
})

function fitting(all: readonly Known[], limits: { appends: number; characters: number }): number[] {
  const batch: number[] = []
  let characters = 0
  for (const [i, known] of all.entries()) {
    if (known.isTaken || known.expected !== undefined) continue
    characters += known.length
    if (batch.length === limits.appends || (batch.length > 0 && characters > limits.characters)) break
    batch.push(i + 1)
  }
  return batch
}

function stage(options: Partial<AppendQueueOptions> = {}) {
  const queue = new AppendQueue({ engine: 'the engine', publishTimeout: 5_000, wake: () => {}, ...options })
  const add = (...texts: readonly string[]): Promise<Place>[] =>
    texts.map((data) => {
      const placed = queue.add({ topic: 't', event: 'e', data, raw: true })
      // Who does not look at it has no unhandled rejection.
      placed.catch(() => {})
      return placed
    })
  return { queue, add }
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < 5; i++) await undefined
}

function textsOf(appends: readonly Append[]): string[] {
  return appends.map(({ entry }) => entry.data)
}

function place(n: number): Place {
  return { epoch: 'e', position: String(n) }
}
