import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** @typedef {import('../tooling/closing-report.ts').ClosingReport} ClosingReport */

/**
 * The reports of all test runs.
 *
 * @param {string} directory
 * @returns {ClosingReport[]}
 */
export function readReports(directory) {
  return readdirSync(directory).map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')))
}

/**
 * Adds up reports. The last line of the text is `<N> passed, <N> failed, <N> skipped`; before it, a line names each
 * failure and each skip.
 *
 * A step that failed counts as one failure: lint, types, a package that must not be published as it is. So does a test
 * run that failed although no report tells of a failure: it crashed.
 *
 * @param {readonly ClosingReport[]} reports
 * @param {object} options
 * @param {readonly string[]} options.failedSteps names of the steps before the tests that failed
 * @param {boolean} options.testsFailed whether the test run itself ended with an error
 * @param {boolean} options.strict whether a skip is a failure of the whole
 * @returns {{ readonly text: string, readonly ok: boolean }} ok: nothing failed, and something passed
 */
export function summarize(reports, { failedSteps, testsFailed, strict }) {
  const passed = reports.reduce((sum, report) => sum + report.passed, 0)
  const skipped = reports.flatMap((report) => report.skipped)
  const failed = [...failedSteps, ...reports.flatMap((report) => report.failed)]
  if (testsFailed && failed.length === failedSteps.length) failed.push('a test run ended without a report')

  const lines = [...skipped.map((name) => `skipped: ${name}`), ...failed.map((name) => `failed: ${name}`)]
  if (strict && skipped.length > 0) lines.push('With CI=true a skip is a failure.')
  if (passed === 0) lines.push('No test passed.')
  lines.push(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`)
  return { text: lines.join('\n'), ok: failed.length === 0 && passed > 0 && !(strict && skipped.length > 0) }
}
