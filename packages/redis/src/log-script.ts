import type { LogEntry } from '@sse/core'
import { randomName } from '@sse/core/engine'
import type { RedisConnection } from './endpoint.ts'
import { fieldsOf } from './entry.ts'
import type { RedisSettings } from './options.ts'
import { codeOf } from './redis-error.ts'
import { SCRIPT } from './script-text.ts'

/** What the script answers: in which epoch the log is, the id of the record that began it, and its newest id. */
export interface LogState {
  readonly epoch: string
  readonly start: string
  readonly last: string
}

/** Where the last entry of a batch is. */
export interface BatchPlace {
  readonly epoch: string
  readonly position: string
}

/** The script, on one connection. */
export class LogScript {
  readonly #connection: RedisConnection
  readonly #settings: RedisSettings
  readonly #writer: string
  #sha: string | undefined

  constructor(connection: RedisConnection, settings: RedisSettings, writer = '') {
    this.#connection = connection
    this.#settings = settings
    this.#writer = settings.writerKey(writer)
  }

  /**
   * Makes sure that the log is there, in an epoch that holds.
   *
   * @param seen the newest position that was read
   * @param batch the number of a batch whose answer was lost
   * @returns also where that batch is; if it is not in the log it never will be
   */
  async check(seen: string | undefined, batch = 0): Promise<LogState & { readonly batch: BatchPlace | undefined }> {
    const reply = await this.#run('check', seen, [String(batch)])
    const [, , , epoch = '', position = ''] = reply
    return { ...stateOf(reply), batch: position === '' ? undefined : { epoch, position } }
  }

  /** Begins a new epoch, unless the log has left this one already: what was read contradicts it. */
  async distrust(seen: string, epoch: string): Promise<LogState> {
    return stateOf(await this.#run('distrust', seen, [epoch]))
  }

  /** Stores a batch, all of it or nothing. */
  async append(batch: number, entries: readonly LogEntry[]): Promise<LogState> {
    const args = [String(batch)]
    for (const entry of entries) {
      const fields = fieldsOf(entry)
      args.push(String(fields.length), ...fields)
    }
    return stateOf(await this.#run('append', undefined, args))
  }

  async #run(task: string, seen = '', args: readonly string[]): Promise<string[]> {
    const { stream, hash, failover, retention } = this.#settings
    const keys = ['3', stream, hash, this.#writer]
    const rest = [...keys, randomName(), seen, failover, String(retention.maxEvents), task, ...args]
    this.#sha ??= String(await this.#connection.send(['SCRIPT', 'LOAD', SCRIPT]))
    try {
      return textsOf(await this.#connection.send(['EVALSHA', this.#sha, ...rest]))
    } catch (error) {
      // Somebody has flushed the scripts: it was not run.
      if (codeOf(error) !== 'NOSCRIPT') throw error
      return textsOf(await this.#connection.send(['EVAL', SCRIPT, ...rest]))
    }
  }
}

function stateOf([epoch = '', start = '', last = '']: readonly string[]): LogState {
  return { epoch, start, last }
}

function textsOf(reply: unknown): string[] {
  if (Array.isArray(reply)) return reply.map(String)
  throw new Error(`the script of the log answered ${String(reply)}`)
}
