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

describe('measureInRounds, of those who take turns', () => {
  it('begins with all of them, turns the order round each time, and asks for figures at the end', async () => {
    const { order, results } = await inTurns(['a', 'b'])
    expect(order).toEqual(['begin a', 'begin b', 'a', 'b', 'b', 'a', 'a', 'b', 'end a', 'end b'])
    expect(results.map(({ rounds }) => rounds)).toEqual([[{ turns: 3 }], [{ turns: 3 }]])
  })

  it('goes on without who has failed', async () => {
    const { order, results } = await inTurns(['a', 'broken'])
    expect(order).toEqual(['begin a', 'begin broken', 'a', 'broken', 'a', 'a', 'end a'])
    expect(results.map(({ rounds, failure }) => failure ?? rounds)).toEqual([[{ turns: 3 }], 'it broke'])
  })

  /** In one round of three turns. */
  async function inTurns(names: readonly string[]) {
    const order: string[] = []
    const contestants = names.map((name): Contestant => {
      let turns = 0
      const take = async () => {
        order.push(name)
        turns++
        if (name === 'broken') throw new Error('it broke')
      }
      const figures = () => {
        order.push(`end ${name}`)
        return { turns }
      }
      const begin = async () => {
        order.push(`begin ${name}`)
        return { take, figures }
      }
      return { name, peer: 'bare', begin }
    })
    const measurement = { name: 'example', title: () => '', metrics: [], bars: [], contestants, turns: () => 3 }
    const results = await measureInRounds(measurement, { scale: { ...quick, rounds: 1 }, onProgress: () => {} })
    return { order, results }
  }
})

/** In two rounds, which are those of the measurement. */
function measured(names: readonly string[], measure: (name: string) => Promise<Figures>) {
  const contestants = names.map((name): Contestant => ({ name, subject: 'sse-memory', measure: () => measure(name) }))
  return measureInRounds(
    { name: 'example', title: () => '', metrics: [], bars: [], contestants, rounds: () => 2 },
    { scale: { ...quick, rounds: 3 }, onProgress: () => {} },
  )
}
