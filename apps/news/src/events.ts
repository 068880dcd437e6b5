import type { Story } from './newsroom.ts'

/** What the demo's hub carries: the name of each event, and its payload. */
export interface NewsEvents {
  /** One story, published to `news/<section>` or `news/<section>/<desk>`. */
  story: Story
}

/**
 * The first event of every stream, sent to that reader alone: what it has subscribed to, and when the newest story of
 * all was filed. Stories up to that moment which arrive afterwards are replayed.
 */
export interface Opened {
  readonly topics: readonly string[]
  readonly newest: number
}
