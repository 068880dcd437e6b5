import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { type Engine, startNats } from '@sse/tooling/engines'
import type { FinalLog } from './history.ts'
import { type LogServer, serialIn } from './log-server.ts'

const STREAM = 'chaos'

/** Starts a NATS server. Whether its streams outlive it is said where they are made. */
export async function startNatsServer(): Promise<LogServer> {
  return new NatsServer(await startNats())
}

class NatsServer implements LogServer {
  readonly engine: Engine

  constructor(engine: Engine) {
    this.engine = engine
  }

  trim(keep: number): Promise<number> {
    return this.#manage(async ({ streams }) => {
      await streams.purge(STREAM, { keep })
      const { state } = await streams.info(STREAM)
      return state.first_seq - 1
    })
  }

  flush(): Promise<void> {
    return this.delete()
  }

  delete(): Promise<void> {
    return this.#manage(async ({ streams }) => void (await streams.delete(STREAM)))
  }

  recreate(): Promise<void> {
    return this.#manage(async ({ streams }) => {
      const { config } = await streams.info(STREAM)
      await streams.delete(STREAM)
      await streams.add(config)
    })
  }

  killClients(): Promise<void> {
    return Promise.reject(new Error('NATS has no such command'))
  }

  read(epoch: string): Promise<FinalLog> {
    return this.#manage(async ({ streams }) => {
      const { state } = await streams.info(STREAM)
      const records: { serial: number; position: number }[] = []
      for (let position = state.first_seq; position <= state.last_seq; position++) {
        const message = await streams.getMessage(STREAM, { seq: position })
        const serial = message === null ? undefined : serialIn(message.string())
        if (serial !== undefined) records.push({ serial, position })
      }
      return { epoch, first: state.first_seq, records }
    })
  }

  async #manage<Result>(work: (manager: JetStreamManager) => Promise<Result>): Promise<Result> {
    const connection = await connect({ servers: `127.0.0.1:${this.engine.port}`, reconnect: false })
    try {
      return await work(await jetstreamManager(connection, { timeout: 2_000 }))
    } finally {
      await connection.close()
    }
  }
}
