// npm run scale: as many connections as the machine allows, and events to all of them. README.md says what is measured.
import { numberGiven, optionsGiven, refuse } from '@sse/tooling/command-line'
import { SERVERS } from '../servers/all.ts'
import { publish, typed } from './report.ts'
import { type Load, mostConnections, runLoad, type Scaled } from './scale-run.ts'

const HELP = `npm run scale -- [options]

  --connections N    default: as many as the machine allows
  --rate R           events per second, each to all clients; default 3
  --seconds S        default 20
  --bytes N          of an event's data, default 100
  --server NAME      ${SERVERS.map(({ name }) => name).join(', ')}; default express

A process may have as many connections as it may open files. Node raises its soft limit to the hard one by itself; root can
raise that: prlimit --nofile=200000 npm run scale`

const values = optionsGiven(
  {
    connections: { type: 'string' },
    rate: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '20' },
    bytes: { type: 'string', default: '100' },
    server: { type: 'string', default: 'express' },
  },
  HELP,
)

await run()

async function run(): Promise<void> {
  const { count, limit } = mostConnections()
  console.error(`the limit of this machine is ${count} connections; ${limit}`)
  const load = given(count)
  const scaled = await runLoad(load, (progress) => console.error(progress))
  if (scaled.stoppedBy !== undefined) console.error(`it was stopped by: ${scaled.stoppedBy}`)
  const isAll = load.connections === count || scaled.stoppedBy !== undefined
  publish(
    {
      name: 'scale',
      command: typed('scale'),
      columns: ['', `${scaled.connections} connections, ${scaled.server}`],
      rows: rowsOf(scaled),
      remarks: isAll ? [`More would need other limits than this machine's: ${scaled.stoppedBy ?? limit}.`] : [],
      details: scaled,
    },
    { keep: process.argv.length === 2 },
  )
  if (scaled.missing > 0) console.error(`${scaled.missing} events did not come, or came twice`)
  process.exitCode = scaled.missing === 0 ? 0 : 1
}

function given(most: number): Load {
  const { server } = values
  if (!SERVERS.some(({ name }) => name === server)) refuse(`no server is called ${server}`, HELP)
  return {
    server,
    connections: numberGiven('connections', values.connections ?? String(most), 1, HELP),
    rate: numberGiven('rate', values.rate, 0.1, HELP),
    seconds: numberGiven('seconds', values.seconds, 1, HELP),
    bytes: numberGiven('bytes', values.bytes, 1, HELP),
  }
}

function rowsOf(scaled: Scaled): string[][] {
  const { connections, opening, publishing, latency, ping, clientCpu, events, bytes, rate } = scaled
  const deliveries = events * connections
  return [
    ['memory of the server for each, KB', (scaled.memoryPerConnection / 1_000).toFixed(1)],
    ['opened in, s', (opening.ms / 1_000).toFixed(1)],
    ['server CPU to open one, µs', ((opening.cpu * 1_000) / connections).toFixed(0)],
    [
      'events per second',
      `${rate}, of ${bytes} bytes: ${Math.round((deliveries * 1_000) / publishing.ms)} deliveries per second`,
    ],
    ['from publish to a client, ms', `${latency.p50} median, ${latency.p99} p99, ${latency.max} at most`],
    ['another request meanwhile, ms', `${ping.p50} median, ${ping.p99} p99, ${ping.max} at most`],
    ['the event loop was held up for, ms', `${publishing.heldUp.toFixed(0)} at most`],
    ['server CPU for a delivery, µs', ((publishing.cpu * 1_000) / deliveries).toFixed(1)],
    [
      'CPU while publishing, of one core',
      `server ${share(publishing.cpu, publishing.ms)}, clients ${share(clientCpu, publishing.ms)}`,
    ],
    ['events lost or doubled', String(scaled.missing)],
  ]
}

function share(part: number, whole: number): string {
  return `${Math.round((100 * part) / whole)} %`
}
