// `npm test`: lints, builds, type-checks, checks what would be published, runs every test, and ends with one line that
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

console.log('\nBuild, types, packages')
const checks = ['build', 'typecheck', 'release-check']
if ((await turbo(['run', ...checks, '--continue=dependencies-successful'])) !== 0) failedSteps.push(checks.join(', '))

console.log('\nTests')
// One package at a time: tests that measure memory or wait for a browser want the machine to themselves.
if ((await turbo(['run', 'test', '--continue=dependencies-successful', '--concurrency=1'])) !== 0) {
  failedSteps.push('test')
}

const { text, ok } = summarize(readReports(reports), { failedSteps, strict: process.env.CI === 'true' })
console.log(`\n${text}`)
process.exitCode = ok ? 0 : 1

function lint() {
  const command = process.platform === 'win32' ? 'biome.cmd' : 'biome'
  const { status } = spawnSync(command, ['check', '--error-on-warnings', '.'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  return status === 0
}
