import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from './random.ts'

/** Waits until the next token is due; rejects at once when the signal aborts. */
export type Pace = (signal: AbortSignal) => Promise<void>

/** How long a model thinks before its first token, in milliseconds. */
const THINKING = { from: 250, to: 600 }
/** How long it takes for a token, in milliseconds. */
const SPEAKING = { from: 15, to: 85 }

/** The pace of one answer, about as one knows it from language models: a pause, then twenty tokens a second. */
export function naturalPace(random: Random): Pace {
  let range = THINKING
  return async (signal) => {
    await delay(random.between(range.from, range.to), undefined, { signal })
    range = SPEAKING
  }
}
