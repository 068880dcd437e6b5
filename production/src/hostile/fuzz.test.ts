import { describe, expect, it } from 'vitest'
import { Fuzz } from './fuzz-run.ts'
import { FUZZED, nameOf } from './fuzzed.ts'

/** Another one each time; `npm run fuzz` is for more. */
const SEED = 1 + Math.floor(Math.random() * 1_000_000)

describe.concurrent.each(FUZZED.map((server) => ({ ...server, title: nameOf(server) })))(
  'hostile requests against $title',
  ({ name, protocol, title }) => {
    it(`harm nobody but themselves: seed ${SEED}`, async () => {
      const fuzz = await Fuzz.start(name, protocol)
      try {
        const { wrong } = await fuzz.run(SEED)
        expect(wrong, `again: npm run fuzz -- --server ${title} --seed ${SEED}`).toEqual([])
      } finally {
        fuzz.stop()
      }
    })
  },
)
