import { describe, expect, it } from 'vitest'
import { compose } from './compose.ts'
import { createModel } from './model.ts'
import { hashOf, seededRandom } from './random.ts'
import { steppedPace } from './stepped-pace.ts'

const PROMPT = 'Why do cats purr?'

describe('createModel', () => {
  it('answers token by token, at its pace', async () => {
    const { pace, allow } = steppedPace()
    const tokens = createModel(() => pace)
      .answer(PROMPT, new AbortController().signal)
      [Symbol.asyncIterator]()
    const first = tokens.next()
    let hasCome = false
    void first.then(() => {
      hasCome = true
    })
    await turn()
    expect(hasCome).toBe(false)
    allow(1)
    expect(await first).toEqual({ done: false, value: 'Ask' })
  })

  it('gives the same answer to the same prompt, to its end', async () => {
    const { pace, allow } = steppedPace()
    allow(10_000)
    const model = createModel(() => pace)
    const answer = async () => (await Array.fromAsync(model.answer(PROMPT, new AbortController().signal))).join('')
    const text = await answer()
    expect(text).toBe(compose(PROMPT, seededRandom(hashOf(PROMPT))))
    expect(await answer()).toBe(text)
    expect(model.begun).toBe(2)
  })

  it('ends at once when it is aborted, also while no token is due', async () => {
    const { pace } = steppedPace()
    const work = new AbortController()
    const waiting = Array.fromAsync(createModel(() => pace).answer(PROMPT, work.signal))
    work.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })

  it('does not begin what is aborted already', async () => {
    const model = createModel()
    await expect(Array.fromAsync(model.answer(PROMPT, AbortSignal.abort(new Error('late'))))).rejects.toThrow('late')
    expect(model.begun).toBe(0)
  })
})

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
