import type { Bar, Measurement, Metric } from '../measurements/measurement.ts'
import type { Scale } from '../scale.ts'
import type { Machine } from './machine.ts'
import { type Result, roundsOf } from './rounds.ts'
import { type Spread, spread } from './statistics.ts'
import { compared, judge, type Verdict } from './verdict.ts'

/** All that one run found. */
export interface Report {
  /** ISO 8601, UTC. */
  readonly date: string
  /** What was typed to get it. */
  readonly command: string
  readonly machine: Machine
  readonly versions: { readonly [name: string]: string }
  /** Why instructions were not counted, or `undefined` where they were. */
  readonly noInstructions: string | undefined
  readonly scale: Scale
  /** Which engines could not be measured, and why. */
  readonly leftOut: readonly string[]
  readonly measured: readonly Measured[]
}

/** A measurement and what came of it. */
export interface Measured {
  readonly measurement: Measurement
  readonly results: readonly Result[]
}

/** The bars that were missed, could not be measured though nothing of the machine forbids it, or whose contestant failed. */
export function misses({ measured, noInstructions }: Report): Verdict[] {
  return measured
    .flatMap(verdictsOf)
    .filter(({ outcome, bar }) => outcome === 'miss' || (outcome === 'unmeasured' && !excused(bar, noInstructions)))
}

/** The report as data: every figure of every round. */
export function asJson(report: Report): string {
  const measurements = report.measured.map((one) => ({
    name: one.measurement.name,
    title: one.measurement.title(report.scale),
    contestants: one.results.map(({ contestant, rounds, failure }) => ({ name: contestant.name, rounds, failure })),
    bars: verdictsOf(one).map(({ bar, measured, outcome }) => ({ ...bar, measured, outcome })),
  }))
  return `${JSON.stringify({ ...report, measured: undefined, measurements }, null, 2)}\n`
}

/** The bars in one table, the peers in another, and the engines in a third, for a README. */
export function asSummary(report: Report): string {
  return [
    provenance(report),
    barTable(report),
    peerTable(report.measured.filter(isOfPeers)),
    engineTable(report.measured.filter(isOfEngines)),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** Everything, for whoever ran it: the machine, a table for each measurement, the bars. */
export function asDetails(report: Report): string {
  const tables = report.measured.map(({ measurement, results }) =>
    [`## ${measurement.name}`, `${measurement.title(report.scale)}.`, contestantTable(measurement, results)].join(
      '\n\n',
    ),
  )
  const bars = report.measured.some(({ measurement }) => measurement.bars.length > 0)
    ? ['## Bars', barTable(report)]
    : []
  return [provenance(report), ...tables, ...bars].join('\n\n')
}

function provenance(report: Report): string {
  const { date, command, machine, versions, noInstructions, leftOut } = report
  const { cpu, cores, memoryGiB, kernel, node, busy } = machine
  const load = `${Math.round(100 * busy)} % busy before it`
  return [
    `\`${command}\` on ${date.slice(0, 10)}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}, Node ${node},`,
    `${busy > 0.1 ? `**${load}: the figures are noisy**` : load}.`,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    `Medians of ${roundsShown(report)} interleaved rounds, least and most in brackets; ratios are taken within each round.`,
    ...leftOut.map((reason) => `Left out is ${reason}.`),
    ...(noInstructions === undefined ? [] : [`Instructions were not counted: ${noInstructions}.`]),
  ].join('\n')
}

/** `7`, or where engines take fewer `5 to 7`. */
function roundsShown({ measured, scale }: Report): string {
  const { min, max } = spread(measured.map(({ measurement }) => roundsOf(measurement, scale)))
  return min === max ? `${max}` : `${min} to ${max}`
}

function contestantTable({ metrics, bars }: Measurement, results: readonly Result[]): string {
  const columns = [...metrics.map(figureColumn), ...ratioColumns(bars)]
  const measured = columns.filter(({ values }) => results.some((result) => values(result, results).length > 0))
  // Where everybody failed, too, there is a place to say why.
  const filled = measured.length > 0 ? measured : columns.slice(0, 1)
  const rows = results.map((result) => {
    const { name } = result.contestant
    if (result.failure !== undefined) return [name, `failed: ${result.failure.split('\n')[0]}`]
    return [name, ...filled.map(({ values, digits }) => shown(values(result, results), digits))]
  })
  return table(['', ...filled.map(({ label }) => label)], rows)
}

interface Column {
  readonly label: string
  readonly digits: number
  /** One value for each round. */
  readonly values: (result: Result, results: readonly Result[]) => readonly number[]
}

function figureColumn({ key, label, digits }: Metric): Column {
  return { label, digits, values: ({ contestant }, results) => compared({ metric: key, of: contestant.name }, results) }
}

/** One for each contestant that a bar takes as its measure. */
function ratioColumns(bars: readonly Bar[]): readonly Column[] {
  const columns = new Map<string, Column>()
  for (const { against, metric } of bars) {
    if (against?.by !== 'ratio') continue
    const label = `${metric} × ${against.contestant}`
    const values: Column['values'] = ({ contestant: { name } }, results) =>
      compared({ metric, of: name, against }, results)
    columns.set(label, { label, digits: 2, values })
  }
  return [...columns.values()]
}

function barTable(report: Report): string {
  const rows = report.measured.flatMap(({ measurement, results }) =>
    verdictsOf({ measurement, results }).map(({ bar, measured, outcome }) => [
      measurement.name,
      described(measurement, bar),
      limit(bar),
      measured === undefined ? '' : shownSpread(measured, bar.against?.by === 'ratio' ? 2 : digitsOf(measurement, bar)),
      {
        pass: 'pass',
        miss: '**miss**',
        unmeasured: excused(bar, report.noInstructions) ? 'not counted' : '**failed**',
      }[outcome],
    ]),
  )
  return table(['measurement', 'what', 'must be', 'measured', ''], rows)
}

/** All take part under their own name. */
function isOfPeers({ measurement: { contestants } }: Measured): boolean {
  return contestants.every((contestant) => 'peer' in contestant && contestant.name === contestant.peer)
}

function isOfEngines({ measurement: { contestants } }: Measured): boolean {
  return contestants.every((contestant) => 'subject' in contestant)
}

/** Who stands beside whom, and the medians of each figure that is to be seen at a glance. */
function sideBySide(measured: readonly Measured[]) {
  const names = new Set(measured.flatMap(({ results }) => results.map(({ contestant }) => contestant.name)))
  const figures = measured.flatMap(({ measurement, results }) =>
    measurement.metrics.filter(isInSummary).map(({ key, label, digits }) => ({
      label: `${measurement.name}: ${label}`,
      median(name: string) {
        const values = compared({ metric: key, of: name }, results)
        return values.length === 0 ? '' : spread(values).median.toFixed(digits)
      },
    })),
  )
  return { names: [...names], figures }
}

/** Many peers, a line each, with few figures. */
function peerTable(measured: readonly Measured[]): string {
  const { names, figures } = sideBySide(measured)
  if (names.length === 0) return ''
  const rows = names.map((name) => [name, ...figures.map(({ median }) => median(name))])
  return table(['', ...figures.map(({ label }) => label)], rows)
}

/** Many figures, a line each, of few subjects. */
function engineTable(measured: readonly Measured[]): string {
  const { names, figures } = sideBySide(measured)
  if (names.length === 0) return ''
  return table(
    ['', ...names],
    figures.map(({ label, median }) => [label, ...names.map(median)]),
  )
}

function isInSummary({ isInSummary }: Metric, index: number): boolean {
  return isInSummary ?? index === 0
}

function verdictsOf({ measurement, results }: Measured): Verdict[] {
  return measurement.bars.map((bar) => judge(bar, results))
}

function excused(bar: Bar, noInstructions: string | undefined): boolean {
  return bar.metric === 'instructions' && noInstructions !== undefined
}

function described(measurement: Measurement, { metric, of, against }: Bar): string {
  const label = measurement.metrics.find(({ key }) => key === metric)?.label ?? metric
  if (against === undefined) return `${of}: ${label}`
  return `${of} ${against.by === 'ratio' ? '÷' : '−'} ${against.contestant}: ${label}`
}

function digitsOf(measurement: Measurement, bar: Bar): number {
  return measurement.metrics.find(({ key }) => key === bar.metric)?.digits ?? 2
}

function limit({ atMost, atLeast, everyRound }: Bar): string {
  const bound = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`
  return everyRound ? `${bound} in every round` : bound
}

function shown(values: readonly number[], digits: number): string {
  return values.length === 0 ? '' : shownSpread(spread(values), digits)
}

function shownSpread({ median, min, max }: Spread, digits: number): string {
  const [middle, least, most] = [median, min, max].map((value) => value.toFixed(digits))
  return least === most ? `${middle}` : `${middle} (${least}–${most})`
}

/** A Markdown table, padded so that it reads in a terminal too. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
