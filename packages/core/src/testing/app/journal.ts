/** What an application has noticed: short texts, counted, so that ten thousand streams take no more room than one. */
export class Journal {
  readonly #counts = new Map<string, number>()

  /** Notes that something has happened once more. */
  note(entry: string): void {
    this.#counts.set(entry, (this.#counts.get(entry) ?? 0) + 1)
  }

  /** What has happened so far, and how often. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
