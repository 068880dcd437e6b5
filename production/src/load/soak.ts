// npm run soak: clients that come and go for minutes, and a look at what is left of them. README.md says how it is judged.
import { numberGiven, optionsGiven, refuse } from '@sse/tooling/command-line'
import { SERVERS } from '../servers/all.ts'
import { publish, typed } from './report.ts'
import { runSoak } from './soak-run.ts'
import type { Sample } from './soak-server.ts'
import { judge } from './verdict.ts'

const HELP = `npm run soak -- [options]

  --minutes M     default 10
  --clients N     so many at a time, default 300
  --server NAME   ${SERVERS.map(({ name }) => name).join(', ')}; default node
  --seed N        of what clients do, default 1
  --leak          a server that keeps an entry of a Map for each connection: must fail`

const values = optionsGiven(
  {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '300' },
    server: { type: 'string', default: 'node' },
    seed: { type: 'string', default: '1' },
    leak: { type: 'boolean', default: false },
  },
  HELP,
)

await run()

async function run(): Promise<void> {
  const { server } = values
  if (!SERVERS.some(({ name }) => name === server)) refuse(`no server is called ${server}`, HELP)
  const seconds = 60 * numberGiven('minutes', values.minutes, 0.2, HELP)
  const soaked = await runSoak({
    server,
    seconds,
    clients: numberGiven('clients', values.clients, 1, HELP),
    seed: numberGiven('seed', values.seed, 0, HELP),
    leaks: values.leak,
    every: Math.min(5, seconds / 24),
    onSample: (sample) => console.error(lineOf(sample)),
  })
  const { start, end, visits, firstError } = soaked
  if (firstError !== undefined) console.error(`the first error: ${firstError}`)
  const judgements = judge(soaked)
  publish(
    {
      name: 'soak',
      command: typed('soak'),
      columns: ['', 'found', 'at most', ''],
      rows: judgements.map(({ what, found, allowed, isFine }) => [what, found, allowed, isFine ? 'pass' : '**miss**']),
      remarks: [
        `${visits} visits, ${end.opened - start.opened} streams and ${end.published - start.published} events in ${end.at} s; ` +
          `the heap had ${start.heapMB.toFixed(1)} MB before and ${end.heapMB.toFixed(1)} MB after.`,
      ],
      details: soaked,
    },
    { keep: process.argv.length === 2 },
  )
  process.exitCode = judgements.every(({ isFine }) => isFine) ? 0 : 1
}

function lineOf({
  at,
  heapMB,
  externalMB,
  rssMB,
  handles,
  connections,
  lagging,
  opened,
  published,
  errors,
}: Sample): string {
  return [
    `${at} s`.padStart(6),
    `heap ${heapMB.toFixed(2)}`,
    `external ${externalMB.toFixed(2)}`,
    `resident ${rssMB.toFixed(0)} MB`,
    `${handles} handles`,
    `${connections} open, ${lagging} lagging`,
    `${opened} streams, ${published} events so far`,
    ...(errors > 0 ? [`${errors} errors`] : []),
  ].join(', ')
}
