import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { EventLog } from '@sse/core'
import { logContract } from '@sse/core/testing'
import { sharedNats } from '@sse/tooling/engines-for-test'
import { describe, it } from 'vitest'
import { Wire } from '../test/wire.ts'
import { natsLog } from './nats-log.ts'

const ROOM_FOR_A_MEGABYTE = ['max_payload: 2MB']

let streams = 0

describe('natsLog', () => {
  const server = sharedNats({ config: ROOM_FOR_A_MEGABYTE })

  describe('keeps the contract of logs', () => {
    const places = new Map<EventLog, { readonly wire: Wire; readonly stream: string; readonly port: number }>()
    let port = 0

    const open = (place: { readonly wire: Wire; readonly stream: string; readonly port: number }): EventLog => {
      const log = natsLog({ servers: place.wire.url, stream: place.stream, probeInterval: 200 })
      places.set(log, place)
      return log
    }
    const placeOf = (log: EventLog) => {
      const place = places.get(log)
      if (place === undefined) throw new TypeError('not a log of this test')
      return place
    }

    const cases = logContract({
      create: async () => open({ wire: await Wire.to(port), stream: `contract-${++streams}`, port }),
      open: (log) => open(placeOf(log)),
      interrupt: (log) => placeOf(log).wire.cut(),
      async lose(log) {
        const { stream } = placeOf(log)
        const connection = await connect({ port })
        const api = await jetstreamManager(connection)
        const { config } = await api.streams.info(stream)
        await api.streams.delete(stream)
        await api.streams.add(config)
        await connection.close()
      },
      dispose: (log) => log.release?.(),
      keepsHistory: true,
    })
    for (const { name, run } of cases) {
      it(name, async (context) => {
        port = (await server(context)).port
        await run()
      })
    }
  })
})
