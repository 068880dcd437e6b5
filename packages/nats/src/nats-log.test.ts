import { connect } from '@nats-io/transport-node'
import { createHub, type EventLog } from '@sse/core'
import { type LogHarness, logContract } from '@sse/core/testing'
import type { Engine } from '@sse/tooling/engines'
import { sharedNats, startNatsForTest } from '@sse/tooling/engines-for-test'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freshStream, operate, recreate } from '../test/stage.ts'
import { Wire } from '../test/wire.ts'
import { natsLog } from './nats-log.ts'

/** The contract carries one in a message. */
const ROOM_FOR_A_MEGABYTE = ['max_payload: 2MB']

/** How processes share a log, and where it is. */
interface Place {
  readonly stream: string
  readonly engine: Engine
  readonly wire: Wire
  open(): EventLog | Promise<EventLog>
}

/** Runs all cases of the contract, each at a place of its own. */
function holdToContract(
  server: (context: Parameters<ReturnType<typeof sharedNats>>[0]) => Promise<Engine>,
  placed: (place: Omit<Place, 'open'>) => Place,
  lose: (place: Place) => Promise<void>,
): void {
  let engine: Engine
  const places = new WeakMap<EventLog, Place>()
  const placeOf = (log: EventLog): Place => {
    const place = places.get(log)
    if (place === undefined) throw new TypeError('not a log of this test')
    return place
  }
  const open = async (place: Place): Promise<EventLog> => {
    const log = await place.open()
    places.set(log, place)
    return log
  }
  const harness: LogHarness = {
    create: async () => open(placed({ stream: freshStream(), engine, wire: await Wire.to(engine.port) })),
    open: (log) => open(placeOf(log)),
    interrupt: (log) => placeOf(log).wire.cut(),
    lose: (log) => lose(placeOf(log)),
    dispose: (log) => log.release?.(),
    keepsHistory: true,
    timeout: 10_000,
  }
  for (const { name, run } of logContract(harness)) {
    it(name, async (context) => {
      engine = await server(context)
      await run()
    })
  }
}

const byServers = (place: Omit<Place, 'open'>): Place => ({
  ...place,
  open: () => natsLog({ servers: place.wire.url, stream: place.stream, probeInterval: 100 }),
})

/** As an application does that has a connection of its own. */
const byConnection = (place: Omit<Place, 'open'>): Place => ({
  ...place,
  async open() {
    const connection = await connect({ servers: place.wire.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
    onTestFinished(() => connection.close())
    return natsLog({ connection, stream: place.stream, probeInterval: 100 })
  },
})

const recreated = async ({ engine, stream }: Place): Promise<void> => recreate(await operate(engine), stream)

describe('natsLog', () => {
  it('is refused by a hub whose ring holds more than it keeps', () => {
    const log = natsLog({ servers: 'nats://localhost:1', maxEvents: 500 })
    expect(() => createHub({ log, ring: { maxEvents: 501 } })).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringMatching(/`maxEvents`.*\(501\)/) }),
    )
    createHub({ log, ring: { maxEvents: 500 } })
  })

  describe('keeps the contract of logs, on connections of its own', () => {
    holdToContract(sharedNats({ config: ROOM_FOR_A_MEGABYTE }), byServers, recreated)
  })

  describe('keeps the contract of logs, on the connection that it is given', () => {
    holdToContract(sharedNats({ config: ROOM_FOR_A_MEGABYTE }), byConnection, recreated)
  })

  describe('keeps the contract of logs, on a server that loses all it has', () => {
    const inMemory = (place: Omit<Place, 'open'>): Place => ({
      ...place,
      open: () => natsLog({ servers: place.wire.url, stream: place.stream, storage: 'memory', probeInterval: 100 }),
    })
    const killed = async ({ engine }: Place): Promise<void> => {
      await engine.kill()
      await engine.restart()
    }
    holdToContract((context) => startNatsForTest(context, { config: ROOM_FOR_A_MEGABYTE }), inMemory, killed)
  })
})
