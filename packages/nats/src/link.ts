import { type JetStreamManager, jetstream, jetstreamManager, type StreamInfo } from '@nats-io/jetstream'
import { createInbox, type NatsConnection } from '@nats-io/nats-core'
import { SseError } from '@sse/core'
import { delay, keepRunning } from '@sse/core/engine'
import { ConnectionWatch } from './connection-watch.ts'
import { type Anchor, epochOf, isSameHistory, markHistory, markOf } from './history.ts'
import { natsError } from './nats-error.ts'
import type { NatsSettings } from './options.ts'
import { openStream } from './stream.ts'

/** A connection, and the stream as it was found on it: until one of them is otherwise. */
export interface Session {
  readonly connection: NatsConnection
  readonly api: JetStreamManager
  readonly epoch: string
  /** As the stream was when this began. */
  readonly info: StreamInfo
  /** Aborts when it is over. */
  readonly signal: AbortSignal
  /** A subject that nobody else has. */
  createInbox(): string
  /** Ends it: another one begins, if it can. */
  fail(error: unknown): void
}

/** Who needs a session. */
export interface SessionUser {
  /** There is one. */
  up(session: Session): void
  /** There is none, or no longer. */
  down(error: SseError): void
  /** The stream was looked at, and is the same. */
  probed?(info: StreamInfo): void
}

/**
 * The one connection of a log: made when somebody needs it, let go of when nobody does. What it finds out about the stream
 * decides which epoch it is.
 */
export class Link {
  readonly #settings: NatsSettings
  readonly #users = new Set<SessionUser>()
  #stopping = new AbortController()
  #running: Promise<void> | undefined
  #session: Session | undefined
  /** Of the connection that was given. */
  #watch: ConnectionWatch | undefined
  /** Nobody has answered on it. */
  #isSuspect = false
  /** The history that was found last. */
  #known: { readonly created: string; readonly mark: number } | undefined
  /** Its newest message that this process has read or stored. */
  #newest = 0
  #anchor: Anchor | undefined
  /** The history that was found last has ended, though what can be seen of it may look as before. */
  #hasEnded = false
  /** Who has not got from the session what it is for. */
  #unserved: Set<SessionUser> = new Set()
  #isWorking = (): void => {}

  constructor(settings: NatsSettings) {
    this.#settings = settings
  }

  /** The newest message of the stream that this process knows of. */
  get newest(): number {
    return this.#newest
  }

  join(user: SessionUser): void {
    this.#users.add(user)
    if (this.#running === undefined) this.#start()
    else if (this.#session?.signal.aborted === false) bring(user, this.#session)
  }

  /** Resolves when the connection is gone, if nobody else needs it. */
  async leave(user: SessionUser): Promise<void> {
    this.#users.delete(user)
    if (this.#users.size > 0) return
    this.#stopping.abort(new Error('nobody needs it any more'))
    await this.#running
  }

  /** A message was stored for this process. */
  stored(sequence: number): void {
    this.#newest = Math.max(this.#newest, sequence)
  }

  /** A user got what it needs. As long as one does not, sessions follow each other with longer and longer pauses. */
  serves(user: SessionUser): void {
    if (this.#unserved.delete(user) && this.#unserved.size === 0) this.#isWorking()
  }

  /** A sequence was given a second time: whatever the stream has by now, it went back. */
  wentBack(): void {
    this.#hasEnded = true
  }

  /** A message was read. */
  read(anchor: Anchor): void {
    this.stored(anchor.sequence)
    if (anchor.sequence >= (this.#anchor?.sequence ?? 0)) this.#anchor = anchor
  }

  #start(): void {
    this.#stopping = new AbortController()
    const { signal } = this.#stopping
    const running = keepRunning((isWorking) => this.#run(signal, isWorking), {
      signal,
      onBreak: (error) => this.#tell(error),
    })
    this.#running = running.then(() => {
      this.#running = undefined
      // Who came while it ended.
      if (this.#users.size > 0) this.#start()
    })
  }

  #tell(error: unknown): void {
    const reason = natsError(this.#settings.connector.name, error)
    for (const user of this.#users) user.down(reason)
  }

  async #run(signal: AbortSignal, isWorking: () => void): Promise<void> {
    const { given } = this.#settings.connector
    if (given !== undefined && this.#isSuspect) await this.#renewIfDead(given)
    const connection = given ?? (await this.#connect(signal))
    const ending = new AbortController()
    const fail = (error: unknown): void => ending.abort(error)
    const stop = (): void => fail(signal.reason)
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    try {
      const watch = this.#watchOf(connection)
      await orAborted(watch.untilUp(), ending.signal)
      watch.onBreak = fail
      const session = await orAborted(this.#open(connection, { fail, signal: ending.signal }), ending.signal)
      this.#session = session
      this.#unserved = new Set(this.#users)
      this.#isWorking = isWorking
      for (const user of this.#users) bring(user, session)
      await this.#probe(session)
    } catch (error) {
      this.#isSuspect = isTimeout(error)
      throw error
    } finally {
      signal.removeEventListener('abort', stop)
      fail(new Error('the session is over'))
      this.#session = undefined
      if (given === undefined) await this.#close(connection)
    }
  }

  /** One for the connection that was given: it outlives its sessions. */
  #watchOf(connection: NatsConnection): ConnectionWatch {
    if (this.#settings.connector.given === undefined) return new ConnectionWatch(connection, this.#settings.subject)
    this.#watch ??= new ConnectionWatch(connection, this.#settings.subject)
    return this.#watch
  }

  async #connect(signal: AbortSignal): Promise<NatsConnection> {
    const connecting = this.#settings.connector.connect()
    const letGo = (connection: NatsConnection): void => {
      if (signal.aborted) void this.#close(connection)
    }
    connecting.then(letGo, () => {})
    return orAborted(connecting, signal)
  }

  async #close(connection: NatsConnection): Promise<void> {
    const closing = connection.close().catch(() => {})
    await within(closing, this.#settings.probeInterval).catch(() => {})
  }

  /** A connection that is there, and nobody answers on, is not noticed by its client for minutes. */
  async #renewIfDead(connection: NatsConnection): Promise<void> {
    this.#isSuspect = false
    if (connection.isClosed()) return
    try {
      await within(connection.flush(), this.#settings.probeInterval)
    } catch {
      await connection.reconnect().catch(() => {})
    }
  }

  async #open(connection: NatsConnection, ending: { fail: Session['fail']; signal: AbortSignal }): Promise<Session> {
    const { probeInterval } = this.#settings
    const api = await jetstreamManager(connection, { checkAPI: false, timeout: probeInterval })
    const prefix = jetstream(connection).getOptions().watcherPrefix
    const info = await this.#look(api)
    this.#known = { created: info.created, mark: markOf(info) }
    this.stored(info.state.last_seq)
    return { connection, api, epoch: epochOf(info), info, ...ending, createInbox: () => createInbox(prefix) }
  }

  /** The stream, with a mark if it does not go on from where it was. */
  async #look(api: JetStreamManager): Promise<StreamInfo> {
    for (let looks = 1; ; looks++) {
      const info = await openStream(api, this.#settings)
      if (!this.#isKnown(info)) {
        this.#newest = 0
        this.#anchor = undefined
        this.#hasEnded = false
        return info
      }
      if (await this.#goesOn(api, info)) return info
      // The new leader of a cluster may be about to read what it has.
      if (looks === 1) await delay(Math.min(500, this.#settings.probeInterval), this.#stopping.signal)
      else await markHistory(api, info, markOf(info))
    }
  }

  #isKnown(info: StreamInfo): boolean {
    return this.#known?.created === info.created && this.#known.mark === markOf(info)
  }

  /** Whether the stream has all that it had, as far as this process knows. */
  async #goesOn(api: JetStreamManager, info: StreamInfo): Promise<boolean> {
    if (this.#hasEnded || info.state.last_seq < this.#newest) return false
    return this.#anchor === undefined || isSameHistory(api, info, this.#anchor)
  }

  /** Ends, by throwing, with the session. */
  async #probe(session: Session): Promise<never> {
    for (;;) {
      await delay(this.#settings.probeInterval, session.signal)
      session.signal.throwIfAborted()
      const newest = this.#newest
      const info = await orAborted(openStream(session.api, this.#settings), session.signal)
      if (!this.#isKnown(info)) throw this.#error('was deleted and made anew')
      if (info.state.last_seq < newest) throw this.#error('has lost events that it had accepted')
      for (const user of this.#users) user.probed?.(info)
    }
  }

  #error(what: string): SseError {
    const { connector, stream } = this.#settings
    return new SseError('SSE_LOG', `${connector.name}: the stream \`${stream}\` ${what}.`)
  }
}

/** What a connection says that is being closed ends the session, whoever has asked. */
function bring(user: SessionUser, session: Session): void {
  try {
    user.up(session)
  } catch (error) {
    session.fail(error)
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}

/** Rejects with the signal's reason as soon as it aborts. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Rejects when a promise has not settled in time. */
async function within(promise: Promise<void>, milliseconds: number): Promise<void> {
  const ending = new AbortController()
  const late = delay(milliseconds, ending.signal).then(() => {
    if (!ending.signal.aborted) throw new Error(`no answer within ${milliseconds} ms`)
  })
  try {
    await Promise.race([promise, late])
  } finally {
    ending.abort()
  }
}
