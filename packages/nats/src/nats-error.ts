import { SseError } from '@sse/core'

/** What the errors of the client mean, by their names: an application may have another copy of its classes. */
const MEANINGS: Readonly<Record<string, string>> = {
  AuthorizationError: 'the user name, password or token is wrong',
  UserAuthenticationExpiredError: 'the credentials have expired',
  PermissionViolationError: 'its user may not do that: the README lists the subjects that are needed',
  JetStreamNotEnabled:
    'JetStream is not enabled there, or has no leader now (`jetstream {}` in its configuration, or `-js`)',
  TimeoutError: 'no answer in time: it is frozen, overloaded or gone',
  ClosedConnectionError:
    'the connection that was given to natsLog is closed: give one that reconnects for ever, or a function',
  DrainingConnectionError: 'the connection that was given to natsLog is being closed',
}

const NO_ROOM =
  'the server has no room left: is its disk full? Raise `max_file_store`, or keep less (`maxEvents`, `maxBytes`)'

/** What JetStream means by its codes, and what to do about it. */
const CODES: Readonly<Record<number, string>> = {
  10002: 'the account has no room for it: raise its limits, or keep less (`maxEvents`, `maxBytes`)',
  10023: NO_ROOM,
  10028: 'the server has no memory left for streams: raise `max_memory_store`, or keep less (`maxEvents`, `maxBytes`)',
  10039: 'JetStream is not enabled for the account',
  10047: NO_ROOM,
  10054: 'the event is longer than the stream takes (its `max_msg_size`)',
  10065: 'another stream has its subject: choose another `stream`',
  10074: '`replicas` needs a cluster of as many servers',
  10077: 'the stream does not take it: it is full (its `discard` must be `old`), or cannot write to its files',
}

/** The code that JetStream has answered with, if it is an error of JetStream. */
export function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'number' ? error.code : undefined
}

/** Whether an answer of JetStream says that there is no such stream. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 10059
}

/** What an error is about: what the client wraps is within. */
function rootOf(error: unknown): unknown {
  return error instanceof Error && error.name === 'RequestError' && error.cause !== undefined ? error.cause : error
}

/** What an error means, in words. */
export function meaningOf(error: unknown): string {
  const root = rootOf(error)
  if (!(root instanceof Error)) return String(root)
  const code = codeOf(root)
  const meaning = MEANINGS[root.name] ?? (code === undefined ? undefined : CODES[code])
  return meaning === undefined ? root.message : `${meaning} (${root.message})`
}

/** The error that the application gets: it names the engine, where it is, and the cause. */
export function natsError(place: string, error: unknown): SseError {
  if (error instanceof SseError) return error
  return new SseError('SSE_LOG', `${place}: ${meaningOf(error)}`, { cause: error })
}

/** The same for what JetStream has answered to an event. */
export function codedError(place: string, { code, reason }: { code: number; reason: string }, fate: string): SseError {
  const meaning = CODES[code]
  return new SseError('SSE_LOG', `${place}: ${meaning === undefined ? reason : `${meaning} (${reason})`}${fate}.`)
}
