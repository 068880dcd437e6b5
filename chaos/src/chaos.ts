// The long run: npm run chaos -- --seeds 200. README.md says how to read what it prints.
import { countGiven, optionsGiven, refuse } from '@sse/tooling/command-line'
import { BROKEN, type BrokenName } from './broken-log.ts'
import { ENGINES, type EngineName } from './plan.ts'
import { type Run, runSeed } from './run.ts'
import { Tally } from './tally.ts'

const HELP = `npm run chaos -- [options]

  --seeds N          so many runs for each engine, default 20
  --from N           the first seed, default 1
  --seed N           one run, with all that happens in it
  --engine NAME      redis, nats or both, the default
  --concurrency N    so many at a time, default 2
  --broken NAME      nodes that are broken in a known way: ${Object.keys(BROKEN).join(', ')}`

const values = optionsGiven(
  {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    engine: { type: 'string', default: 'both' },
    concurrency: { type: 'string', default: '2' },
    broken: { type: 'string' },
  },
  HELP,
)

const engines = ENGINES.filter((engine) => values.engine === 'both' || values.engine === engine)
if (engines.length === 0) refuse(`--engine is redis, nats or both, not ${values.engine}`, HELP)
const broken = brokenName(values.broken)
const first = countGiven('seed', values.seed ?? values.from, HELP)
const seeds = values.seed === undefined ? countGiven('seeds', values.seeds, HELP) : 1

const ending = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort(new Error(signal)))

const tallies = new Map(engines.map((engine) => [engine, new Tally(engine)]))
const queue = Array.from({ length: seeds }, (_, index) => first + index).flatMap((seed) =>
  engines.map((engine) => ({ seed, engine })),
)
const crashes: string[] = []
await Promise.all(Array.from({ length: countGiven('concurrency', values.concurrency, HELP) }, work))
report()

async function work(): Promise<void> {
  for (let next = queue.shift(); next !== undefined && !ending.signal.aborted; next = queue.shift()) {
    try {
      told(await runSeed(next.seed, { engine: next.engine, broken, signal: ending.signal }))
    } catch (error) {
      if (ending.signal.aborted) return
      crashes.push(`${next.engine} seed ${next.seed}`)
      console.log(`${next.engine} seed ${next.seed}: ${error instanceof Error ? error.message : error}`)
    }
  }
}

function told(run: Run): void {
  const { plan, violations, history, tale } = run
  tallies.get(plan.engine)?.add(run)
  const { ring, storage, failover, nodes } = plan
  const about = `${nodes} nodes, ring ${ring}, ${storage}, ${failover}; ${history.publishes.length} publishes`
  console.log(`${plan.engine} seed ${plan.seed}: ${violations.length === 0 ? 'ok' : 'FAILED'} (${about})`)
  if (values.seed !== undefined) for (const line of tale) console.log(line)
  for (const { rule, message } of violations) console.log(`  ${rule}: ${message}`)
  if (violations.length > 0) console.log(`  again: ${again(plan.engine, plan.seed)}`)
}

function again(engine: EngineName, seed: number): string {
  return `npm run chaos -- --engine ${engine} --seed ${seed}${broken === undefined ? '' : ` --broken '${broken}'`}`
}

function report(): void {
  console.log('')
  let isFine = crashes.length === 0 && !ending.signal.aborted
  for (const tally of tallies.values()) {
    for (const line of tally.lines) console.log(line)
    // One seed is run again for its tale: it need not have done everything.
    const lacks = values.seed === undefined ? tally.lacks : []
    if (lacks.length > 0) console.log(`  proves too little, it had no: ${lacks.join(', ')}`)
    for (const seed of tally.failed) console.log(`  failed: seed ${seed}; again: ${again(tally.engine, seed)}`)
    isFine &&= lacks.length === 0 && tally.failed.length === 0
  }
  for (const crash of crashes) console.log(`failed: ${crash}`)
  if (ending.signal.aborted) console.log('stopped')
  process.exitCode = isFine ? 0 : 1
}

function brokenName(name: string | undefined): BrokenName | undefined {
  if (name === undefined) return undefined
  const known = Object.keys(BROKEN)
  if (known.includes(name)) return name as BrokenName
  return refuse(`--broken is one of: ${known.join('; ')}`, HELP)
}
