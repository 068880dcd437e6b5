/** How much is read at once: at first a few entries, then so many, or about so many characters if they are long. */
const FIRST_ENTRIES = 16
const MAX_ENTRIES = 500
const MAX_CHARACTERS = 4 * 1024 * 1024

/** How many entries to ask for, after what was seen: memory is bounded however long they are. */
export class PageSize {
  #count = FIRST_ENTRIES

  get count(): number {
    return this.#count
  }

  /** The last page had so many entries, of so many characters together. A long entry may always be followed by more. */
  saw(entries: number, characters: number): void {
    if (entries === 0) return
    const fitting = Math.floor((MAX_CHARACTERS * entries) / Math.max(1, characters))
    this.#count = Math.max(1, Math.min(MAX_ENTRIES, fitting, this.#count * 4))
  }
}
