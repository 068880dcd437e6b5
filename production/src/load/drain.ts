// npm run drain: nodes with clients are told to end, while events are published. README.md says what is measured.
import { numberGiven, optionsGiven, refuse } from '@sse/tooling/command-line'
import { SERVERS } from '../servers/all.ts'
import { bar, type Drained, isScenario, missed, runDrill, SCENARIOS, type ScenarioName } from './drain-run.ts'
import { publish, typed } from './report.ts'
import { ENGINES, isEngine } from './shared-log.ts'

const HELP = `npm run drain -- [options]

  --clients N        default 5000; in the scenario \`stalled\` at most 400
  --window MS        default 10000
  --rate R           events per second, default 10
  --engine NAME      ${ENGINES.join(' or ')}, default redis
  --server NAME      ${SERVERS.map(({ name }) => name).join(', ')}; default node
  --scenario NAME    one of these, default all of them:
${Object.entries(SCENARIOS)
  .map(([name, told]) => `                     ${name}: ${told}`)
  .join('\n')}`

const values = optionsGiven(
  {
    clients: { type: 'string', default: '5000' },
    window: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '10' },
    engine: { type: 'string', default: 'redis' },
    server: { type: 'string', default: 'node' },
    scenario: { type: 'string' },
  },
  HELP,
)

await run()

async function run(): Promise<void> {
  const drained: Drained[] = []
  for (const scenario of chosenScenarios()) {
    console.error(`${scenario}: ${SCENARIOS[scenario]} …`)
    const result = await runDrill({
      ...given(),
      ...(scenario === 'stalled' && { clients: Math.min(400, given().clients) }),
      scenario,
    })
    for (const reason of missed(result)) console.error(`  MISSED: ${reason}`)
    console.error(`  connections in each second: ${result.inEachSecond.join(' ')}`)
    drained.push(result)
  }
  publish(
    {
      name: 'drain',
      command: typed('drain'),
      columns: [
        'clients go',
        'clients',
        'window',
        'most connections in any second',
        'lost',
        'again',
        'gaps',
        'end after the window',
      ],
      rows: drained.map(rowOf),
      remarks: [],
      details: drained,
    },
    { keep: process.argv.length === 2 },
  )
  process.exitCode = drained.every((one) => missed(one).length === 0) ? 0 : 1
}

function rowOf(drained: Drained): string[] {
  const { scenario, clients, window, most, seen, exit } = drained
  const after = Math.round(exit.took - window)
  return [
    SCENARIOS[scenario],
    String(clients),
    `${window / 1_000} s`,
    `${most}, of ${bar(drained)} that may be`,
    String(seen.lost),
    String(seen.repeated),
    String(seen.gaps),
    `${after} ms, code ${exit.code ?? exit.signal}`,
  ]
}

function given() {
  const { engine, server } = values
  if (!isEngine(engine)) refuse(`no engine is called ${engine}`, HELP)
  if (!SERVERS.some(({ name }) => name === server)) refuse(`no server is called ${server}`, HELP)
  return {
    engine,
    server,
    clients: numberGiven('clients', values.clients, 10, HELP),
    window: numberGiven('window', values.window, 1, HELP),
    rate: numberGiven('rate', values.rate, 0.1, HELP),
    // The hub's own.
    retry: { min: 2_000, max: 5_000 },
    down: 0,
  }
}

function chosenScenarios(): readonly ScenarioName[] {
  if (values.scenario === undefined) return Object.keys(SCENARIOS).filter(isScenario)
  return isScenario(values.scenario) ? [values.scenario] : refuse(`no scenario is called ${values.scenario}`, HELP)
}
