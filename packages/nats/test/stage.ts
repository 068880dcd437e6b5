import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { type JetStreamManager, jetstreamManager, type StreamConfig } from '@nats-io/jetstream'
import { createInbox, type NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import type { EventLog } from '@sse/core'
import type { Engine } from '@sse/tooling/engines'
import { onTestFinished } from 'vitest'
import { type NatsLogOptions, natsLog } from '../src/index.ts'
import { until } from './observer.ts'

/** What a test does beside the logs, as an operator would. */
export interface Operator {
  readonly connection: NatsConnection
  readonly api: JetStreamManager
}

/** A connection for everything that the logs do not do, closed when the test has finished. */
export async function operate({ port }: Pick<Engine, 'port'>): Promise<Operator> {
  const connection = await connect({ port, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
  onTestFinished(() => connection.close())
  return { connection, api: await jetstreamManager(connection) }
}

let streams = 0

/** A name that no stream has. */
export function freshStream(): string {
  return `stream-${++streams}`
}

/** A log that asks often, let go of when its test has finished. */
export function openLog(options: NatsLogOptions): EventLog {
  const log = natsLog({ probeInterval: 100, ...options })
  onTestFinished(() => log.release?.())
  return log
}

/** Deletes a stream, and makes it again just as it was. */
export async function recreate({ api }: Operator, stream: string, changes: Partial<StreamConfig> = {}): Promise<void> {
  const { config } = await api.streams.info(stream)
  await api.streams.delete(stream)
  await api.streams.add({ ...config, ...changes })
}

/** Backs a stream up; the answer deletes it, and puts the backup in its place. Connections know nothing of it. */
export async function backUp({ api, connection }: Operator, stream: string): Promise<() => Promise<void>> {
  const parts: Uint8Array[] = []
  const subject = createInbox()
  const isComplete = new Promise<void>((resolve) => {
    connection.subscribe(subject, {
      callback(_, message) {
        message.respond()
        if (message.data.length === 0) resolve()
        else parts.push(message.data)
      },
    })
  })
  const request = JSON.stringify({ deliver_subject: subject })
  const snapshot = await connection.request(`$JS.API.STREAM.SNAPSHOT.${stream}`, request)
  const { config, state } = snapshot.json<{ config: unknown; state: unknown }>()
  await isComplete
  return async () => {
    await api.streams.delete(stream)
    const answer = await connection.request(`$JS.API.STREAM.RESTORE.${stream}`, JSON.stringify({ config, state }))
    const { deliver_subject } = answer.json<{ deliver_subject: string }>()
    for (const part of [...parts, new Uint8Array()]) await connection.request(deliver_subject, part)
  }
}

/** Everything that a stream holds, in order: whether it is an event or not. */
export async function messagesOf({ api }: Operator, stream: string): Promise<string[]> {
  const { state } = await api.streams.info(stream)
  const messages: string[] = []
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await api.streams.getMessage(stream, { seq })
    if (message !== null) messages.push(message.string())
  }
  return messages
}

/** The data of what a stream holds: the last line. */
export async function dataOf(operator: Operator, stream: string): Promise<string[]> {
  const messages = await messagesOf(operator, stream)
  return messages.map((text) => text.split('\n').slice(4).join('\n'))
}

/** Stops an engine in the middle of whatever it does; resolves when it has. */
export async function freeze(engine: Engine): Promise<void> {
  engine.freeze()
  const status = `/proc/${engine.pid}/task`
  if (!existsSync(status)) return
  const isStopped = (thread: string): boolean => / T /.test(readFileSync(`${status}/${thread}/stat`, 'utf8'))
  await until(() => readdirSync(status).every(isStopped))
}
