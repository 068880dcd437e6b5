import { randomUUID } from 'node:crypto'
import { Answer, type AnswerSetup, MAX_TOKENS } from './answer.ts'

/** So many answers are written at a time. */
const MAX_RUNNING = 16
/** So many answers are kept, the newest. */
export const MAX_KEPT = 64
/**
 * The ring of a hub that is to hold all answers that are kept, from their first event to their last: since the oldest of
 * them was begun, no more have been published than those which were kept then and those which have been begun since.
 */
export const RING = { maxEvents: 2 * MAX_KEPT * (MAX_TOKENS + 2) }

/** The answers that can be read. */
export interface Answers {
  /** How many are kept. */
  readonly size: number
  /** How many of them are still being written. */
  readonly running: number
  /** Begins an answer, unless too many are being written. The oldest is forgotten for it. */
  begin(prompt: string): Answer | undefined
  /** An answer, as long as it is kept. */
  get(id: string): Answer | undefined
  /** Stops all of them; resolves when their readers have been told. */
  close(): Promise<void>
}

/** Makes room for answers. */
export function createAnswers(setup: Omit<AnswerSetup, 'id' | 'prompt'>): Answers {
  const kept = new Map<string, Answer>()

  function running(): number {
    return [...kept.values()].filter(({ isRunning }) => isRunning).length
  }

  function forgetOldest(): void {
    for (const [id, answer] of kept) {
      if (kept.size <= MAX_KEPT) return
      kept.delete(id)
      void answer.stop('displaced')
    }
  }

  return {
    get size() {
      return kept.size
    },
    get running() {
      return running()
    },
    begin(prompt) {
      if (running() >= MAX_RUNNING) return undefined
      const answer = new Answer({ ...setup, id: randomUUID(), prompt })
      kept.set(answer.id, answer)
      forgetOldest()
      return answer
    },
    get: (id) => kept.get(id),
    async close() {
      await Promise.all([...kept.values()].map((answer) => answer.stop('shutdown')))
    },
  }
}
