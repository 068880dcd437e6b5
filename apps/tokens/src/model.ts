import { compose } from './compose.ts'
import { naturalPace, type Pace } from './pace.ts'
import { hashOf, type Random, seededRandom } from './random.ts'
import { tokenize } from './tokenize.ts'

/** A language model, seen from outside. */
export interface Model {
  readonly name: string
  /** How many answers it has begun: whoever resumes one does not begin another. */
  readonly begun: number
  /**
   * Answers a prompt, token by token; the same prompt always gets the same answer.
   *
   * @param signal ends the work at once; the tokens then reject.
   */
  answer(prompt: string, signal: AbortSignal): AsyncIterable<string>
}

/**
 * Makes an invented model: it writes from templates, and needs neither a network nor an idea.
 *
 * @param paceOf how fast an answer comes; default: as one knows it from language models.
 */
export function createModel(paceOf: (random: Random) => Pace = naturalPace): Model {
  let begun = 0
  return {
    name: 'polly-1',
    get begun() {
      return begun
    },
    async *answer(prompt, signal) {
      signal.throwIfAborted()
      begun++
      const random = seededRandom(hashOf(prompt))
      const pace = paceOf(random)
      for (const token of tokenize(compose(prompt, random))) {
        await pace(signal)
        yield token
      }
    },
  }
}
