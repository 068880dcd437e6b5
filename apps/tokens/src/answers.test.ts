import { createHub, type Hub, type HubEvent } from '@sse/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Answer, MAX_TOKENS } from './answer.ts'
import { type Answers, createAnswers, MAX_KEPT, RING } from './answers.ts'
import type { AnswerEvents } from './events.ts'
import { createModel, type Model } from './model.ts'
import { type SteppedPace, steppedPace } from './stepped-pace.ts'

const PATIENCE = 60_000

describe('createAnswers', () => {
  let hub: Hub<AnswerEvents>
  let pace: SteppedPace
  let model: Model
  let answers: Answers

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    hub = createHub<AnswerEvents>({ ring: RING })
    pace = steppedPace()
    model = createModel(() => pace.pace)
    answers = createAnswers({ hub, model, patience: PATIENCE })
  })

  afterEach(async () => {
    vi.useRealTimers()
    await answers.close()
    await hub.close()
  })

  function begin(prompt = 'Why do cats purr?'): Answer {
    const answer = answers.begin(prompt)
    if (answer === undefined) throw new Error('There is no room')
    return answer
  }

  /** All events of an answer, to its end. */
  async function eventsOf(answer: Answer): Promise<HubEvent<AnswerEvents>[]> {
    const events: HubEvent<AnswerEvents>[] = []
    for await (const event of answer.read(Promise.resolve())) events.push(event)
    return events
  }

  it('writes an answer once, for all who read it, now or later', async () => {
    const answer = begin()
    const reading = eventsOf(answer)
    pace.allow(MAX_TOKENS)
    const events = await reading
    expect(events[0]?.data).toEqual({ id: answer.id, prompt: 'Why do cats purr?', model: 'polly-1' })
    expect(events.at(-1)).toMatchObject({ event: 'done', data: { tokens: answer.tokens } })
    expect(events).toHaveLength(answer.tokens + 2)
    expect(await eventsOf(answer)).toEqual(events)
    expect(model.begun).toBe(1)
    expect(answer.isRunning).toBe(false)
  })

  it('stops the model at once when it is told to, and says so to the readers', async () => {
    const answer = begin()
    pace.allow(3)
    await vi.waitFor(() => expect(answer.tokens).toBe(3))
    await answer.stop('reader')
    expect(pace.waiting).toBe(0)
    expect((await eventsOf(answer)).at(-1)).toMatchObject({ event: 'stopped', data: { tokens: 3, reason: 'reader' } })
    await answer.stop('shutdown')
    expect(await eventsOf(answer)).toHaveLength(5)
  })

  it('goes on without readers for a minute, and no longer', async () => {
    const answer = begin()
    await vi.advanceTimersByTimeAsync(PATIENCE - 1)
    expect(answer.isRunning).toBe(true)
    await vi.advanceTimersByTimeAsync(1)
    await answer.ended
    expect((await eventsOf(answer)).at(-1)?.data).toEqual({ tokens: 0, reason: 'abandoned' })
    expect(pace.waiting).toBe(0)
  })

  it('begins that minute anew when the last reader has gone', async () => {
    const answer = begin()
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    answer.read(first.promise)
    answer.read(second.promise)
    first.resolve()
    await vi.advanceTimersByTimeAsync(10 * PATIENCE)
    expect(answer.isRunning).toBe(true)
    second.resolve()
    await vi.advanceTimersByTimeAsync(PATIENCE - 1)
    expect(answer.isRunning).toBe(true)
    await vi.advanceTimersByTimeAsync(1)
    await answer.ended
    expect(answer.isRunning).toBe(false)
  })

  it('leaves no timer behind', async () => {
    const answer = begin()
    const reader = Promise.withResolvers<void>()
    answer.read(reader.promise)
    pace.allow(MAX_TOKENS)
    await answer.ended
    reader.resolve()
    await reader.promise
    expect(vi.getTimerCount()).toBe(0)
    await begin().stop('reader')
    pace.allow(MAX_TOKENS)
    await begin().ended
    expect(vi.getTimerCount()).toBe(0)
  })

  it('cuts an answer that does not end', async () => {
    model = { name: 'endless', begun: 0, answer: () => endless() }
    answers = createAnswers({ hub, model, patience: PATIENCE })
    const events = await eventsOf(begin())
    expect(events.at(-1)).toMatchObject({ event: 'done', data: { tokens: MAX_TOKENS } })
    expect(events).toHaveLength(MAX_TOKENS + 2)
  })

  it('tells the readers of a model that fails, and its error to nobody but the log', async () => {
    const complaint = vi.spyOn(console, 'error').mockImplementation(() => {})
    model = { name: 'broken', begun: 0, answer: () => broken() }
    answers = createAnswers({ hub, model, patience: PATIENCE })
    const answer = begin()
    const events = await eventsOf(answer)
    await answer.ended
    expect(events.at(-1)).toMatchObject({ event: 'failed', data: { tokens: 1 } })
    expect(JSON.stringify(events)).not.toContain('secret')
    expect(complaint).toHaveBeenCalledOnce()
    complaint.mockRestore()
  })

  it('keeps the newest answers whole, and forgets older ones', async () => {
    pace.allow(1_000_000)
    const all: Answer[] = []
    for (let i = 0; i < 2 * MAX_KEPT; i++) {
      const answer = begin(`Prompt ${i}`)
      all.push(answer)
      await answer.ended
    }
    expect(answers.size).toBe(MAX_KEPT)
    expect(all.filter(({ id }) => answers.get(id) !== undefined)).toEqual(all.slice(-MAX_KEPT))
    for (const answer of all.slice(-MAX_KEPT)) expect(await eventsOf(answer)).toHaveLength(answer.tokens + 2)
  })

  it('stops an old answer that is still being written when newer ones need the room', async () => {
    const old = begin()
    for (let i = 0; i < MAX_KEPT; i++) await begin().stop('reader')
    await old.ended
    expect((await eventsOf(old)).at(-1)?.data).toEqual({ tokens: 0, reason: 'displaced' })
  })

  it('begins no more than sixteen at a time', async () => {
    const running = Array.from({ length: 16 }, () => begin())
    expect(answers.running).toBe(16)
    expect(answers.begin('One more')).toBeUndefined()
    expect(answers.size).toBe(16)
    await running[0]?.stop('reader')
    expect(answers.begin('One more')).toBeDefined()
  })
})

async function* endless(): AsyncGenerator<string, void> {
  for (;;) yield ' and'
}

async function* broken(): AsyncGenerator<string, void> {
  yield 'Well'
  throw new Error('secret')
}
