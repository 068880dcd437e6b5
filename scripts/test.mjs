// `npm test`: lints, builds, type-checks, runs every test, and ends with one line that
// says how many tests passed, failed and were skipped.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { provideSystemPrograms } from './system-programs.mjs'
import { readReports, summarize } from './test-summary.mjs'
import { turbo } from './turbo.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const reports = fileURLToPath(new URL('../.reports', import.meta.url))

rmSync(reports, { recursive: true, force: true })
mkdirSync(reports)
// Every vitest run leaves its report there (tooling/vitest.ts).
process.env.TEST_REPORTS = reports

provideSystemPrograms()

/** @type {string[]} */
const failedSteps = []

console.log('\nLint')
if (!lint()) failedSteps.push('lint')

console.log('\nBuild, types')
const checks = ['build', 'typecheck']
if (!(await run(...checks))) failedSteps.push(checks.join(' or '))

console.log('\nTests')
// One package at a time: tests that measure memory or wait for a browser want the machine to themselves.
const testsFailed = !(await run('test', '--concurrency=1'))

const strict = process.env.CI === 'true'
const { text, ok } = summarize(readReports(reports), { failedSteps, testsFailed, strict })
console.log(`\n${text}`)
process.exitCode = ok ? 0 : 1

/** @param {readonly string[]} tasks */
async function run(...tasks) {
  return (await turbo(['run', ...tasks, '--continue=dependencies-successful'])) === 0
}

function lint() {
  const command = process.platform === 'win32' ? 'biome.cmd' : 'biome'
  const { status } = spawnSync(command, ['check', '--error-on-warnings', '.'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  return status === 0
}
