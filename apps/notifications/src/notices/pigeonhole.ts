import type { Notice } from './notice.ts'

/** How many notices a pigeonhole holds. */
export const CAPACITY = 50

/** The notices of one user, in the order of their coming. Holds {@link CAPACITY}: the oldest make room for new ones. */
export class Pigeonhole {
  #notices: Notice[] = []

  get notices(): readonly Notice[] {
    return this.#notices
  }

  /** How many of them are unread. */
  get unread(): number {
    return this.#notices.filter(({ isRead }) => !isRead).length
  }

  /** Puts a notice in. */
  put(notice: Notice): void {
    this.#notices = [...this.#notices, notice].slice(-CAPACITY)
  }

  /** Marks a notice, or all, as read. Answers the ids of those that were not. */
  read(which: string | 'all'): readonly string[] {
    const ids = this.#notices
      .filter(({ id, isRead }) => !isRead && (which === 'all' || which === id))
      .map(({ id }) => id)
    this.#notices = this.#notices.map((notice) => (ids.includes(notice.id) ? { ...notice, isRead: true } : notice))
    return ids
  }

  /** Whether it holds a notice with this id. */
  has(id: string): boolean {
    return this.#notices.some((notice) => notice.id === id)
  }
}
