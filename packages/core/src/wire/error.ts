/**
 * What went wrong, for code that has to decide:
 *
 * - `SSE_INVALID_FIELD`: a value cannot be carried exactly, or an option is out of range. The caller has to change it.
 * - `SSE_LIMIT`: the value is fine, a limit is reached. Trying again later, or with less, may work.
 * - `SSE_CLOSED`: what was used is closed.
 * - `SSE_LOG`: the log did not accept the event, or cannot be reached.
 * - `SSE_GAP`: it cannot be proved that nothing is missing.
 */
export type SseErrorCode = 'SSE_INVALID_FIELD' | 'SSE_LIMIT' | 'SSE_CLOSED' | 'SSE_LOG' | 'SSE_GAP'

/** The only error this library makes. Tell them apart by `code`; messages are for people and may change. */
export class SseError extends Error {
  static {
    // On the prototype: the first line of `stack` is made before a field of the instance could be set.
    Object.defineProperty(SseError.prototype, 'name', { value: 'SseError', configurable: true, writable: true })
  }

  /** What went wrong, for code that has to decide. */
  readonly code: SseErrorCode

  constructor(code: SseErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
