import { type Engine, startRedis } from '@sse/tooling/engines'
import { createClient } from 'redis'
import type { FinalLog } from './history.ts'
import { type LogServer, serialIn } from './log-server.ts'
import type { Plan } from './plan.ts'

const KEY = 'chaos'

/** Starts a Redis. */
export async function startRedisServer({ storage }: Pick<Plan, 'storage'>): Promise<LogServer> {
  const appendfsync = storage === 'file, always' ? 'always' : 'everysec'
  return new RedisServer(await startRedis({ appendonly: storage !== 'memory', appendfsync }))
}

class RedisServer implements LogServer {
  readonly engine: Engine

  constructor(engine: Engine) {
    this.engine = engine
  }

  async trim(keep: number): Promise<number> {
    await this.#send('XTRIM', KEY, 'MAXLEN', String(keep))
    const [first] = await this.#entries('+', '1')
    return first === undefined ? 0 : first.position - 1
  }

  async flush(): Promise<void> {
    await this.#send('FLUSHALL')
  }

  async delete(): Promise<void> {
    await this.#send('DEL', KEY)
  }

  async recreate(): Promise<void> {
    await this.delete()
  }

  async killClients(): Promise<void> {
    await this.#send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  }

  async read(epoch: string): Promise<FinalLog> {
    const entries = await this.#entries('+')
    // What stands before the record that begins the epoch is of another.
    const start = entries.findLastIndex(({ text }) => text.includes('sse.epoch'))
    const ours = entries.slice(start + 1)
    const first = ours[0]?.position ?? Number.POSITIVE_INFINITY
    const records = ours.flatMap(({ position, text }) => {
      const serial = serialIn(text)
      return serial === undefined ? [] : [{ serial, position }]
    })
    return { epoch, first, records }
  }

  async #entries(
    end: string,
    count = '1000000',
  ): Promise<readonly { readonly position: number; readonly text: string }[]> {
    const reply = await this.#send('XRANGE', KEY, '-', end, 'COUNT', count)
    if (!Array.isArray(reply)) throw new Error(`XRANGE answered ${String(reply)}`)
    return reply.map((entry: unknown) => {
      const [id, fields] = Array.isArray(entry) ? entry : []
      return { position: Number(String(id).split('-')[1]), text: JSON.stringify(fields) }
    })
  }

  /** One command on a connection of its own. */
  async #send(...command: string[]): Promise<unknown> {
    const client = createClient({ url: this.engine.url, socket: { reconnectStrategy: false } })
    client.on('error', () => {})
    await client.connect()
    try {
      return await client.sendCommand(command)
    } finally {
      client.destroy()
    }
  }
}
