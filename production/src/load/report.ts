import { mkdirSync, writeFileSync } from 'node:fs'
import { describeMachine } from './machine.ts'

/** Results that the README shows are those of a run with its default options. */
export interface Report {
  /** `scale`: results/scale.md and results/scale.json. */
  readonly name: string
  /** How it was run. */
  readonly command: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Sentences under the table. */
  readonly remarks: readonly string[]
  /** Everything, for who wants to know more. */
  readonly details: unknown
}

/** The report as Markdown. */
export function asMarkdown({ command, columns, rows, remarks }: Report): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const table = [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
  const date = new Date().toISOString().slice(0, 10)
  return [`\`${command}\` on ${date}: ${describeMachine()}.`, table, ...remarks].join('\n\n')
}

/** Prints a report; kept as the latest, for READMEs to show, where it is to be. */
export function publish(report: Report, { keep }: { readonly keep: boolean }): void {
  const markdown = asMarkdown(report)
  console.log(`\n${markdown}\n`)
  if (!keep) return
  const folder = new URL('../../results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(`${report.name}.md`, folder), `${markdown}\n`)
  const whole = { machine: describeMachine(), date: new Date().toISOString(), ...report }
  writeFileSync(new URL(`${report.name}.json`, folder), `${JSON.stringify(whole, null, 2)}\n`)
}

/** The command that was typed. */
export function typed(script: string): string {
  const args = process.argv.slice(2)
  return args.length === 0 ? `npm run ${script}` : `npm run ${script} -- ${args.join(' ')}`
}
