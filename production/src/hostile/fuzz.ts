// The long run: npm run fuzz -- --seeds 200. README.md says what servers are held to.
import { countGiven, optionsGiven, refuse } from '@sse/tooling/command-line'
import { Fuzz, type SeedResult } from './fuzz-run.ts'
import { FUZZED, type Fuzzed, nameOf } from './fuzzed.ts'
import { growthOf, MAX_GROWTH } from './growth.ts'

const HELP = `npm run fuzz -- [options]

  --seeds N        so many seeds against each server, default 20
  --from N         the first seed, default 1
  --seed N         one seed
  --server NAME    one of ${FUZZED.map(nameOf).join(', ')}; may be given several times, default all`

const values = optionsGiven(
  {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    server: { type: 'string', multiple: true, default: [] },
  },
  HELP,
)
const known = FUZZED.map(nameOf)
const strange = values.server.find((name) => !known.includes(name))
if (strange !== undefined) refuse(`--server is one of ${known.join(', ')}, not ${strange}`, HELP)
const servers = FUZZED.filter((one) => values.server.length === 0 || values.server.includes(nameOf(one)))
const first = countGiven('seed', values.seed ?? values.from, HELP)
const seeds = values.seed === undefined ? countGiven('seeds', values.seeds, HELP) : 1

const failed: string[] = []
for (const server of servers) await attack(server)
for (const again of failed) console.log(`failed: ${again}`)
process.exitCode = failed.length === 0 ? 0 : 1

async function attack(server: Fuzzed): Promise<void> {
  const name = nameOf(server)
  const fuzz = await Fuzz.start(server.name, server.protocol)
  const heaps: number[] = []
  try {
    for (let seed = first; seed < first + seeds; seed++) {
      const result = await fuzz.run(seed)
      heaps.push(result.state.heap)
      tell(name, result)
      if (result.wrong.length > 0) failed.push(`npm run fuzz -- --server ${name} --seed ${seed}`)
    }
  } catch (error) {
    console.log(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    failed.push(`npm run fuzz -- --server ${name} --from ${first + heaps.length}`)
  } finally {
    fuzz.stop()
  }
  const growth = growthOf(heaps)
  if (growth === undefined) return
  console.log(`${name}: the heap has grown by ${growth.toFixed(1)} KiB a seed`)
  if (growth > MAX_GROWTH) failed.push(`${name} leaks`)
}

function tell(name: string, { seed, attacks, wrong, state }: SeedResult): void {
  const heap = `${(state.heap / 1024 / 1024).toFixed(1)} MiB`
  console.log(`${name} seed ${seed}: ${wrong.length === 0 ? 'ok' : 'FAILED'} (${attacks} attacks, heap ${heap})`)
  for (const what of new Set(wrong.slice(0, 10))) console.log(`  ${what}`)
}
