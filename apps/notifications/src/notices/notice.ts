/** What a notice can be about. */
export const KINDS = ['mention', 'invoice', 'deploy', 'security'] as const

/** What a notice is about. */
export type Kind = (typeof KINDS)[number]

/** One notice in a pigeonhole. */
export interface Notice {
  readonly id: string
  readonly kind: Kind
  readonly title: string
  readonly text: string
  /** Whether it went to everyone. */
  readonly toAll: boolean
  /** When it was sent, in milliseconds since the epoch. */
  readonly at: number
  readonly isRead: boolean
}

/** A notice that nobody has sent yet. */
export type Draft = Pick<Notice, 'kind' | 'title' | 'text'>
