import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What is read of a report that vitest's `json` reporter wrote.
 *
 * @typedef {{ readonly fullName: string, readonly status: string }} Test
 * @typedef {{ readonly name: string, readonly status: string, readonly assertionResults: readonly Test[] }} File
 * @typedef {{ readonly testResults: readonly File[] }} Report
 */

/**
 * The reports of all test runs.
 *
 * @param {string} directory
 * @returns {Report[]}
 */
export function readReports(directory) {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')))
}

/**
 * Adds up reports. The last line of the text is `<N> passed, <N> failed, <N> skipped`.
 *
 * A file that could not be loaded counts as one failure, and so does a step that failed without any test having failed:
 * a type error, a lint error, a run that crashed before it could report.
 *
 * @param {readonly Report[]} reports
 * @param {{ readonly failedSteps: readonly string[], readonly strict: boolean }} options strict: a skip is a failure
 * @returns {{ readonly text: string, readonly ok: boolean }} ok: nothing failed, and something passed
 */
export function summarize(reports, { failedSteps, strict }) {
  const files = reports.flatMap((report) => report.testResults)
  const tests = files.flatMap((file) => file.assertionResults)
  const passed = tests.filter((test) => test.status === 'passed')
  const failedTests = tests.filter((test) => test.status === 'failed')
  const skipped = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed')
  const brokenFiles = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  const failures = [...failedTests.map((test) => test.fullName), ...brokenFiles.map((file) => file.name)]
  const unexplained = failedSteps.filter((step) => step !== 'test' || failures.length === 0)
  const failed = failures.length + unexplained.length

  const lines = [
    ...skipped.map((test) => `skipped: ${test.fullName}`),
    ...failures.map((name) => `failed: ${name}`),
    ...unexplained.map((step) => `failed: ${step}`),
  ]
  if (strict && skipped.length > 0) lines.push('With CI=true a skip is a failure.')
  if (passed.length === 0) lines.push('No test ran.')
  lines.push(`${passed.length} passed, ${failed} failed, ${skipped.length} skipped`)
  return { text: lines.join('\n'), ok: failed === 0 && passed.length > 0 && !(strict && skipped.length > 0) }
}
