import { type Deferred, deferred } from '@sse/tooling/deferred'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { stopClock } from '../../test/clock.ts'
import { StageLog } from '../../test/stage-log.ts'
import { type LogPlace, Stopwatch } from './stopwatch.ts'

describe('Stopwatch', () => {
  let took: number[]

  beforeEach(() => {
    stopClock()
    took = []
  })

  const watch = (spacing: number = 0): Stopwatch =>
    new Stopwatch({ log: new StageLog(), spacing, onArrival: (each) => took.push(each) })
  const at = (position: number, epoch: string = 'e1'): LogPlace => ({ epoch, position: String(position) })
  /** Starts it now, for an event whose place is known when the answer is given. */
  const start = (stopwatch: Stopwatch): Deferred<LogPlace> => {
    const answer = deferred<LogPlace>()
    stopwatch.start(answer.promise, performance.now())
    return answer
  }
  const answered = async (answer: Deferred<LogPlace>, place: LogPlace): Promise<void> => {
    answer.resolve(place)
    await answer.promise
  }

  it('tells how long each took, from its beginning to the first arrival that is as far', async () => {
    const stopwatch = watch()
    const first = start(stopwatch)
    vi.advanceTimersByTime(10)
    const second = start(stopwatch)
    await answered(first, at(1))
    await answered(second, at(2))
    vi.advanceTimersByTime(5)
    stopwatch.arrived('e1', '1')
    expect(took).toEqual([15])
    vi.advanceTimersByTime(5)
    stopwatch.arrived('e1', '7')
    expect(took).toEqual([15, 10])
    expect(stopwatch.oldest).toBeUndefined()
  })

  it('knows when one has arrived whose place it is told later', async () => {
    const stopwatch = watch()
    const answers = [start(stopwatch), start(stopwatch)]
    for (const position of ['1', '2', '3']) {
      vi.advanceTimersByTime(10)
      stopwatch.arrived('e1', position)
    }
    vi.advanceTimersByTime(1_000)
    for (const [i, answer] of answers.entries()) await answered(answer, at(i + 1))
    expect(took).toEqual([10, 20])
  })

  it('remembers 256 arrivals: what came before the oldest of them took no longer than that', async () => {
    const stopwatch = watch()
    const answer = start(stopwatch)
    for (let position = 1; position <= 1_000; position++) {
      vi.advanceTimersByTime(1)
      stopwatch.arrived('e1', String(position))
    }
    await answered(answer, at(1))
    expect(took).toEqual([1_000 - 255])
  })

  it('remembers no arrival that brought nothing', async () => {
    const stopwatch = watch()
    const answer = start(stopwatch)
    for (let i = 0; i < 1_000; i++) {
      vi.advanceTimersByTime(1)
      stopwatch.arrived('e1', '1')
    }
    await answered(answer, at(1))
    expect(took).toEqual([1])
  })

  it('times none that the log did not accept', async () => {
    const stopwatch = watch()
    const answer = start(stopwatch)
    answer.reject(new Error('no'))
    await expect(answer.promise).rejects.toThrow('no')
    expect(stopwatch.oldest).toBeUndefined()
    stopwatch.arrived('e1', '1')
    expect(took).toEqual([])
  })

  it('says since when the oldest is on its way, whether it has a place or not', async () => {
    const stopwatch = watch()
    expect(stopwatch.oldest).toBeUndefined()
    const began = performance.now()
    const first = start(stopwatch)
    vi.advanceTimersByTime(10)
    const second = start(stopwatch)
    expect(stopwatch.oldest).toBe(began)
    await answered(second, at(2))
    expect(stopwatch.oldest).toBe(began)
    await answered(first, at(1))
    expect(stopwatch.oldest).toBe(began + 10)
    stopwatch.arrived('e1', '1')
    stopwatch.arrived('e1', '2')
    expect(stopwatch.oldest).toBeUndefined()
  })

  it('leaves out what begins just after another that is on its way', async () => {
    const stopwatch = watch(5)
    const answers = [start(stopwatch)]
    vi.advanceTimersByTime(4)
    answers.push(start(stopwatch))
    vi.advanceTimersByTime(1)
    answers.push(start(stopwatch))
    for (const [i, answer] of answers.entries()) await answered(answer, at(i + 1))
    stopwatch.arrived('e1', '3')
    expect(took).toEqual([5, 0])
    const alone = start(stopwatch)
    await answered(alone, at(4))
    stopwatch.arrived('e1', '4')
    expect(took).toEqual([5, 0, 0])
  })

  it('times 10,000 at a time, and no more', async () => {
    const stopwatch = watch()
    const answers = Array.from({ length: 10_001 }, () => start(stopwatch))
    for (const [i, answer] of answers.entries()) await answered(answer, at(i + 1))
    const late = start(stopwatch)
    await answered(late, at(10_002))
    stopwatch.arrived('e1', '10002')
    expect(took).toHaveLength(10_000)
    const next = start(stopwatch)
    await answered(next, at(10_003))
    stopwatch.arrived('e1', '10003')
    expect(took).toHaveLength(10_001)
  })

  it('waits for what is in an epoch to come, and forgets what is in one that is over', async () => {
    const stopwatch = watch()
    stopwatch.arrived('e2', '5')
    await answered(start(stopwatch), at(7, 'e1'))
    expect(stopwatch.oldest).toBeUndefined()
    await answered(start(stopwatch), at(6, 'e2'))
    await answered(start(stopwatch), at(1, 'e3'))
    vi.advanceTimersByTime(10)
    stopwatch.arrived('e3', '0')
    expect(took).toEqual([])
    expect(stopwatch.oldest).toBe(performance.now() - 10)
    stopwatch.arrived('e3', '1')
    expect(took).toEqual([10])
    expect(stopwatch.oldest).toBeUndefined()
  })

  it('holds no place of one epoch for one of another', async () => {
    const stopwatch = watch()
    for (const position of ['5', '6']) stopwatch.arrived('e1', position)
    const answer = start(stopwatch)
    vi.advanceTimersByTime(10)
    stopwatch.arrived('e2', '2')
    await answered(answer, at(2, 'e2'))
    expect(took).toEqual([10])
  })

  it('may be told of places before anything has arrived', async () => {
    const stopwatch = watch()
    await answered(start(stopwatch), at(1, 'e4'))
    expect(stopwatch.oldest).toBeDefined()
    stopwatch.arrived('e4', '1')
    expect(took).toEqual([0])
  })
})
