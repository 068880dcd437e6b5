import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { openFilesLimit } from '@sse/tooling/open-files'
import { engineOf, isSubjectName, loadSubject, type SubjectName } from './engines/registry.ts'
import { engineVersion, whyMissing } from './harness/engine.ts'
import { instructionCounter } from './harness/instructions.ts'
import { machine, versionOf } from './harness/machine.ts'
import { withoutMissing } from './harness/missing.ts'
import { preflight } from './harness/preflight.ts'
import { asDetails, asJson, asSummary, type Measured, misses, type Report } from './harness/report.ts'
import { type Conditions, measuredBy, measureInRounds } from './harness/rounds.ts'
import { killAll } from './harness/worker.ts'
import { measurements as all } from './measurements/all.ts'
import type { Measurement } from './measurements/measurement.ts'
import { loadPeer, type PeerName } from './peers/registry.ts'
import { full, quick, type Scale } from './scale.ts'

const HELP = `npm run bench -- [options]
  --quick          three rounds and fewer clients, for a look while working
  --only <name>    only this measurement; may be given several times: ${all.map(({ name }) => name).join(', ')}
  --rounds <n>     another number of rounds
  --strict         exit with 1 when a bar is missed`

const options = givenOptions()

process.on('exit', killAll)
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

if (options.help) console.log(HELP)
else process.exitCode = await run(chosenMeasurements(), chosenScale())

/** Answers the exit code. */
async function run(chosen: readonly Measurement[], scale: Scale): Promise<number> {
  const { measurements, leftOut } = withoutMissing(chosen, whyMissing)
  for (const reason of leftOut) console.error(`left out: ${reason}`)
  checkOpenFiles(scale)
  const before = await machine()
  const broken = await preflightAll(measurements)
  const counter = instructionCounter()
  const conditions: Conditions = {
    scale,
    counter: typeof counter === 'string' ? undefined : counter,
    broken,
    onProgress: console.error,
  }
  const measured: Measured[] = []
  for (const measurement of measurements) {
    measured.push({ measurement, results: await measureInRounds(measurement, conditions) })
  }
  const report: Report = {
    date: new Date().toISOString(),
    command: `npm run bench${process.argv.length > 2 ? ` -- ${process.argv.slice(2).join(' ')}` : ''}`,
    machine: before,
    versions: await versionsOf(measurements),
    noInstructions: typeof counter === 'string' ? counter : undefined,
    scale,
    leftOut,
    measured,
  }
  console.log(`\n${asDetails(report)}`)
  save(report)
  const failed = measured.some(({ results }) => results.some(({ failure }) => failure !== undefined))
  return failed || (options.strict && misses(report).length > 0) ? 1 : 0
}

/** Answers who does not work, and why. */
async function preflightAll(measurements: readonly Measurement[]): Promise<Map<string, string>> {
  const broken = new Map<string, string>()
  for (const name of measuredIn(measurements)) {
    const problem = await preflight(name)
    console.error(`${name}: ${problem ?? 'works'}`)
    if (problem !== undefined) broken.set(name, problem)
  }
  return broken
}

function measuredIn(measurements: readonly Measurement[]): Set<PeerName | SubjectName> {
  return new Set(measurements.flatMap(({ contestants }) => contestants.map(measuredBy)))
}

async function versionsOf(measurements: readonly Measurement[]): Promise<Record<string, string>> {
  const names = [...measuredIn(measurements)]
  const loaded = await Promise.all(
    names.map((name) => (isSubjectName(name) ? loadSubject(name) : loadPeer(name)).catch(() => undefined)),
  )
  const packages = new Set(loaded.flatMap((one) => one?.packages ?? []))
  const engines = new Set(names.filter((name) => isSubjectName(name)).map(engineOf))
  return Object.fromEntries([
    ...[...engines].flatMap(engineVersion),
    ...[...packages].map((name) => [name, versionOf(name)]),
  ])
}

function givenOptions() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string' },
        strict: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    return values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

function chosenMeasurements(): readonly Measurement[] {
  for (const name of options.only) {
    if (!all.some((measurement) => measurement.name === name)) refuse(`no measurement is called ${name}`)
  }
  return options.only.length === 0 ? all : all.filter(({ name }) => options.only.includes(name))
}

function chosenScale(): Scale {
  const scale = options.quick ? quick : full
  if (options.rounds === undefined) return scale
  const rounds = Number(options.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) refuse('--rounds takes a whole number from 1')
  return { ...scale, rounds }
}

function checkOpenFiles({ idle, open, resume }: Scale): void {
  const needed = Math.max(idle.clients, open.clients, resume.clients) + 200
  const limit = openFilesLimit()
  if (limit < needed) refuse(`a process may open ${limit} files here, ${needed} are needed: raise \`ulimit -Hn\``)
}

/** Ends with a sentence instead of a stack. */
function refuse(reason: string): never {
  console.error(`${reason}\n\n${HELP}`)
  process.exit(2)
}

/** Only a complete run, with nothing left out, becomes `latest`, which is what the README shows. */
function save(report: Report): void {
  const folder = new URL('../results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const write = (name: string, text: string) => writeFileSync(new URL(name, folder), text)
  write(`${report.date.replaceAll(':', '-')}.json`, asJson(report))
  if (options.quick || options.only.length > 0 || report.leftOut.length > 0 || report.scale.rounds < full.rounds) return
  write('latest.json', asJson(report))
  write('latest.md', `${asSummary(report)}\n`)
}
