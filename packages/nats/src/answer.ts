/** What JetStream has answered to one message. */
export type Answer =
  | { readonly kind: 'stored'; readonly sequence: number; readonly isDuplicate: boolean }
  /** It does not take it now. It may, later. */
  | { readonly kind: 'away'; readonly reason: string }
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string }

/**
 * Reads the answer to a message.
 *
 * @param status of the headers: 503 where nobody listens to the subject
 */
export function readAnswer(status: number, text: string): Answer {
  if (status !== 0) return { kind: 'away', reason: `nobody takes what is sent to the stream (${status})` }
  const answer = parse(text)
  if (!isObject(answer)) return { kind: 'refused', code: 0, reason: `an answer that JetStream does not give: ${text}` }
  if ('error' in answer) return readError(answer.error)
  if ('seq' in answer && typeof answer.seq === 'number') {
    if (answer.seq === 0) return { kind: 'away', reason: BEING_STORED }
    return { kind: 'stored', sequence: answer.seq, isDuplicate: 'duplicate' in answer && answer.duplicate === true }
  }
  return { kind: 'refused', code: 0, reason: `an answer that JetStream does not give: ${text}` }
}

function readError(error: unknown): Answer {
  if (!isObject(error)) return { kind: 'refused', code: 0, reason: String(error) }
  const code = 'err_code' in error && typeof error.err_code === 'number' ? error.err_code : 0
  const reason = 'description' in error ? String(error.description) : `error ${code}`
  const isPassing = code === 10158 || ('code' in error && error.code === 503 && !LASTING.includes(code))
  return isPassing ? { kind: 'away', reason } : { kind: 'refused', code, reason }
}

/**
 * Where a stream is on several servers, this is said of a copy while the one before it is about to be stored, whatever becomes
 * of that: by servers up to 2.10 with the sequence 0, by newer ones as the error 10158.
 */
const BEING_STORED = 'an earlier copy of it is about to be stored'

/** JetStream says 503 also where a limit is reached: no storage, no memory, no resources, full. */
const LASTING: readonly number[] = [10023, 10028, 10047, 10077]

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
