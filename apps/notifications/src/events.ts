import type { Notice } from './notices/notice.ts'

/** What the hub carries: the name of each event, and its payload. */
export interface PigeonholeEvents {
  /** A snapshot: all that is in a pigeonhole. It replaces whatever the page has. */
  inbox: { readonly notices: readonly Notice[] }
  /** A new notice, unread. */
  notice: Notice
  /** These have been read, in whichever tab. */
  read: { readonly ids: readonly string[] }
}

/** The name of every event is one of these, so that a page can listen to each. */
export type EventName = keyof PigeonholeEvents
