import { Violation } from './violation.ts'

/** How many of the last things that happened are told of a run that failed. */
const TOLD = 40

/** What happened in a run, up to the first thing that went wrong. */
export class Tale {
  readonly #told: string[] = []
  #failure: unknown

  /** Notes what happens. */
  tell(text: string): void {
    if (this.#failure !== undefined) return
    this.#told.push(text)
    if (this.#told.length > TOLD) this.#told.shift()
  }

  /** Something went wrong, maybe where nobody can be told by throwing. The first counts. */
  fail(error: unknown): void {
    this.tell(`!! ${error instanceof Error ? error.message : error}`)
    this.#failure ??= error
  }

  /** Throws what went wrong, if something did. */
  verify(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Reports what a check throws, with who it is about. */
  check(who: string, check: () => void): void {
    try {
      check()
    } catch (error) {
      if (error instanceof Error) error.message = `${error.message} [${who}]`
      this.fail(error)
    }
  }

  /** The error that says what went wrong first, and what led to it. Its cause is that. */
  explain(thrown: unknown, { seed, about }: { readonly seed: number; readonly about: readonly string[] }): Error {
    const cause = this.#failure ?? thrown
    const lines = [
      `seed ${seed}: ${cause instanceof Violation ? cause.message : stackOf(cause)}`,
      `again: SEED=${seed} npm run -s pn -- --filter @sse/core exec vitest run test/resume`,
      ...about,
      'the last things that happened:',
      ...this.#told.map((text) => `  ${text}`),
    ]
    return Object.assign(new Error(lines.join('\n'), { cause }), { stack: '' })
  }
}

/** All that is known of an error. */
export function stackOf(error: unknown): string {
  return error instanceof Error && error.stack !== undefined ? error.stack : String(error)
}
