import type { Pace } from './pace.ts'

/** A pace for tests: tokens come when they are let through, and not before. */
export interface SteppedPace {
  readonly pace: Pace
  /** How many answers wait for a token at the moment. */
  readonly waiting: number
  /** Lets so many tokens through, to whoever waits or comes first. */
  allow(tokens: number): void
}

/** Makes a pace that begins at a standstill. */
export function steppedPace(): SteppedPace {
  let allowed = 0
  const waiting = new Set<() => void>()

  function allow(tokens: number): void {
    allowed += tokens
    for (const proceed of waiting) {
      if (allowed === 0) return
      allowed--
      proceed()
    }
  }

  function pace(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (allowed > 0) {
      allowed--
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        waiting.delete(settle)
        signal.removeEventListener('abort', settle)
        if (signal.aborted) reject(signal.reason)
        else resolve()
      }
      waiting.add(settle)
      signal.addEventListener('abort', settle)
    })
  }

  return {
    pace,
    allow,
    get waiting() {
      return waiting.size
    },
  }
}
