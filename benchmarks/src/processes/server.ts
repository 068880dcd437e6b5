import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { answer } from '../harness/answer.ts'
import { peakMemory, settledMemory } from '../harness/memory.ts'
import { CpuMeter } from '../harness/usage.ts'
import { payload } from '../payload.ts'
import type { Audience } from '../peers/peer.ts'
import { isPeerName, loadPeer } from '../peers/registry.ts'

const [, , name] = process.argv
if (!isPeerName(name)) throw new Error(`no peer is called ${name}`)
const peer = await loadPeer(name)
const { server, publish, publishAll, publishForId, instrument, audience } = await peer.start()
const cpu = new CpuMeter()
let sequence = 0
let uninstrument: (() => void) | undefined

/** What to publish: so many turns of the event loop, so many events in each, of so many bytes. */
export interface Publication {
  readonly turns: number
  readonly perTurn: number
  readonly bytes: number
}

const methods = {
  port(): number {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    return address.port
  },

  /** Listens on a socket of the file system, too; answers its path. */
  async listenLocally(): Promise<string> {
    const path = join(tmpdir(), `sse-bench-${process.pid}.sock`)
    // https://nodejs.org/api/http.html#event-connection: other connections may be given to a server.
    const local = createServer((socket) => void server.emit('connection', socket))
    local.listen(path)
    process.on('exit', () => rmSync(path, { force: true }))
    await once(local, 'listening')
    return path
  },

  startCpu: () => cpu.start(),
  stopCpu: () => cpu.stop(),
  settledMemory,
  peakMemory,

  /** Resolves after the last event's turn; what was published may still be on its way. */
  publish: ({ turns, perTurn, bytes }: Publication) =>
    new Promise<void>((resolve) => {
      let left = turns
      const turn = () => {
        publishOneTurn(perTurn, bytes)
        // Asked for after the publish, so that whatever the peer puts off with `setImmediate` runs before the next one.
        if (--left > 0) setImmediate(turn)
        else resolve()
      }
      setImmediate(turn)
    }),

  publishForId(bytes: number): Promise<string> {
    if (publishForId === undefined) throw new Error('this peer has no ids to resume after')
    return publishForId(payload(++sequence, bytes))
  },

  /** Publishes one event whose data begins with a time. */
  publishDated: (time: number, bytes: number) => publish(payload(time, bytes)),

  instrument(): void {
    if (instrument === undefined) throw new Error('this peer cannot be instrumented')
    uninstrument = instrument()
  },

  uninstrument(): void {
    uninstrument?.()
    uninstrument = undefined
  },

  audience(): Audience {
    if (audience === undefined) throw new Error('this peer does not know who is connected')
    return audience()
  },

  /** Waits until the server has seen the last client leave. */
  async deserted(): Promise<void> {
    while ((await connections()) > 0) await sleep(20)
  },
}

/** The methods of the server's process. */
export type ServerMethods = typeof methods

function publishOneTurn(count: number, bytes: number): void {
  if (publishAll !== undefined && count > 1) {
    publishAll(Array.from({ length: count }, () => payload(++sequence, bytes)))
    return
  }
  for (let n = 0; n < count; n++) publish(payload(++sequence, bytes))
}

function connections(): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

answer(methods)
