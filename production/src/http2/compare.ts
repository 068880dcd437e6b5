import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median } from '@sse/tooling/median'
import { VARIANTS, WARM_UP } from './compare-server.ts'

/**
 * What a delivery over HTTP/2 costs the server: a hub, beside loops as one writes them by hand. Each round starts a server of
 * each kind in a process of its own, one after another; the ratios are of the same round.
 *
 *     node src/http2/compare.ts --rounds 5 --sessions 10 --streams 100 --events 100
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    sessions: { type: 'string', default: '10' },
    streams: { type: 'string', default: '100' },
    events: { type: 'string', default: '100' },
    tls: { type: 'boolean', default: false },
  },
})
const [rounds, sessions, streams, events] = [values.rounds, values.sessions, values.streams, values.events].map(Number)

const SERVER = fileURLToPath(new URL('compare-server.ts', import.meta.url))

const costs = new Map<string, number[]>(VARIANTS.map((variant) => [variant, []]))
for (let round = 0; round < (rounds ?? 0); round++) {
  for (const variant of VARIANTS) costs.get(variant)?.push(await costOf(variant))
}
const base = costs.get('stream.write of a buffer') ?? []
for (const [variant, each] of costs) {
  const ratios = each.map((cost, round) => cost / (base[round] ?? Number.NaN))
  console.log(
    `${variant}: ${median(each).toFixed(2)} µs of CPU per delivery, ratio ${median(ratios).toFixed(3)} (${ratios.map((ratio) => ratio.toFixed(2)).join(' ')})`,
  )
}

/** Microseconds of the server's CPU for each event that reaches a stream. */
async function costOf(variant: string): Promise<number> {
  const server = fork(SERVER, [variant, ...(values.tls ? ['tls'] : [])])
  const [url] = (await once(server, 'message')) as [string]
  const connections = await Promise.all(Array.from({ length: sessions ?? 0 }, () => open(url)))
  const all = (sessions ?? 0) * (streams ?? 0)
  let got = 0
  const { promise: allCame, resolve } = Promise.withResolvers<void>()
  for (const session of connections) {
    for (let n = 0; n < (streams ?? 0); n++) {
      const stream = session.request({ ':path': '/' })
      stream.on('data', (bytes: Buffer) => {
        for (let at = bytes.indexOf('data:'); at >= 0; at = bytes.indexOf('data:', at + 5)) got++
        if (got === all * (WARM_UP + (events ?? 0))) resolve()
      })
      await once(stream, 'response')
    }
  }
  server.send(events ?? 0)
  const [[micros]] = (await Promise.all([once(server, 'message'), allCame])) as unknown as [[number], void]
  for (const session of connections) session.destroy()
  const ended = once(server, 'close')
  server.kill()
  await ended
  return micros / (all * (events ?? 0))
}

async function open(url: string): Promise<ClientHttp2Session> {
  const session = connect(url, { rejectUnauthorized: false })
  session.on('error', () => {})
  await once(session, 'connect')
  return session
}
