import { describe, expect, it } from 'vitest'
import type { Contestant, Figures } from '../measurements/measurement.ts'
import { quick } from '../scale.ts'
import { measureInRounds } from './rounds.ts'

describe('measureInRounds', () => {
  it('measures everyone in each round, beginning with another one, and leaves out what is not known', async () => {
    const order: string[] = []
    const results = await measured(['a', 'b'], async (name) => {
      order.push(name)
      return { figure: 1, unknown: Number.NaN }
    })
    expect(order.join('')).toBe('abba')
    expect(results.map(({ rounds }) => rounds)).toEqual([
      [{ figure: 1 }, { figure: 1 }],
      [{ figure: 1 }, { figure: 1 }],
    ])
  })

  it('leaves out who has failed, and says why', async () => {
    let attempts = 0
    const [result] = await measured(['a'], async () => {
      attempts++
      throw new Error('it broke')
    })
    expect(attempts).toBe(1)
    expect(result).toMatchObject({ rounds: [], failure: 'it broke' })
  })
})

/** In two rounds, the fewer of those of the run and those of the measurement. */
function measured(names: readonly string[], measure: (name: string) => Promise<Figures>) {
  const contestants = names.map((name): Contestant => ({ name, subject: 'sse-memory', measure: () => measure(name) }))
  return measureInRounds(
    { name: 'example', title: () => '', metrics: [], bars: [], contestants, rounds: () => 2 },
    { scale: { ...quick, rounds: 3 }, onProgress: () => {} },
  )
}
