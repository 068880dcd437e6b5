/** What an observer can hold against the library. */
export type Rule =
  | 'missing' // an event is missing between two ids, and no gap says so
  | 'twice' // an event came a second time
  | 'order' // an id went back within an epoch
  | 'epoch' // the epoch changed, and no gap says so
  | 'gap without cause' // completeness could be proved
  | 'no gap' // completeness could not be proved, and the client was not told
  | 'gap' // a gap that is not what it should be: its data, its id, what it covers
  | 'snapshot' // a snapshot that was half seen, or is older than its cursor
  | 'start' // a client that brings no id did not begin where it should
  | 'stall' // a client that has read everything lacks something
  | 'checkpoint' // a quiet client's cursor grew stale, or an id is ahead of what was written
  | 'data' // not what was published, or not for this client
  | 'cut' // a stream that ended without cause
  | 'end' // of `until` and its 204
  | 'publish' // a publish that said something else than the log
  | 'error' // something was reported to `onError` that should not have happened
  | 'leak' // something stayed when all had gone

/** A rule was broken. */
export class Violation extends Error {
  readonly rule: Rule

  constructor(rule: Rule, message: string) {
    super(`${rule}: ${message}`)
    this.rule = rule
  }
}

/** Throws a {@link Violation} unless the condition holds. */
export function must(condition: boolean, rule: Rule, message: () => string): asserts condition {
  if (!condition) throw new Violation(rule, message())
}
