import { SseError } from '@sse/core'

/** What Redis means by the code that begins an error reply, and what to do about it. */
const MEANINGS: Readonly<Record<string, string>> = {
  OOM: 'it has no memory left: raise `maxmemory`, or keep fewer events (`maxEvents`)',
  MISCONF: 'it cannot save to its disk and refuses writes: is the disk full?',
  NOAUTH: 'it asks for a password, and the client has none',
  WRONGPASS: 'the user name or password is wrong',
  NOPERM: 'its user may not do that: the README lists the commands and keys that are needed',
  WRONGTYPE: 'a key of the log holds something else: choose another `key`',
  READONLY: 'it is a replica, and takes no writes',
  NOREPLICAS: 'it has too few replicas to take writes (`min-replicas-to-write`)',
  LOADING: 'it is loading its data',
}

/** The same for errors that have no code of their own, by what they say. */
const SAYINGS: Readonly<Record<string, string>> = {
  'invalid bulk length': 'the event is longer than it takes in one piece: raise `proto-max-bulk-len`',
  // What older ones make of a range that leaves out its end, and of `NOMKSTREAM`.
  'Invalid stream ID': 'Redis 6.2 or later is needed',
}

/** Those that pass: somebody else is the master now, or will be soon. The connection is made anew. */
const PASSING = ['LOADING', 'READONLY', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'MOVED', 'ASK', 'UNBLOCKED', 'BUSY']

/** Before version 7 Redis puts before it where in a script a command was refused, and once more that it was in a script. */
const CODE = /^(?:ERR Error running script [^:]*: )?(?:@user_script: ?\d+: )*-?([A-Z][A-Z0-9]+)(?= |$)/

/** The code that begins an error reply, or nothing if it is another error. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof SseError || !(error instanceof Error)) return undefined
  return CODE.exec(error.message)?.[1]
}

/** Whether an error reply says that another connection, later, may do. */
export function isPassing(error: unknown): boolean {
  return PASSING.includes(codeOf(error) ?? '')
}

/** The error that the application gets: it names the engine, where it is, and the cause. */
export function redisError(endpoint: string, error: unknown): SseError {
  if (error instanceof SseError) return error
  const said = error instanceof Error ? error.message : String(error)
  const [, meaning = MEANINGS[codeOf(error) ?? '']] =
    Object.entries(SAYINGS).find(([words]) => said.includes(words)) ?? []
  const message = meaning === undefined ? said : `${meaning} (${said})`
  return new SseError('SSE_LOG', `Redis at ${endpoint}: ${message}`, { cause: error })
}
