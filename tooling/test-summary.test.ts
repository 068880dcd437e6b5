import { describe, expect, it } from 'vitest'
import { summarize } from '../scripts/test-summary.mjs'

const fine = { failedSteps: [], testsFailed: false, strict: false }

describe('summarize', () => {
  it('adds up the reports in its last line', () => {
    const reports = [
      { passed: 2, failed: [], skipped: [] },
      { passed: 40, failed: [], skipped: [] },
    ]
    expect(summarize(reports, fine)).toEqual({ text: '42 passed, 0 failed, 0 skipped', ok: true })
  })

  it('names what failed', () => {
    const reports = [{ passed: 2, failed: ['a.test.ts: a breaks', 'b.test.ts'], skipped: [] }]
    const { text, ok } = summarize(reports, { ...fine, testsFailed: true })
    expect(text).toBe('failed: a.test.ts: a breaks\nfailed: b.test.ts\n2 passed, 2 failed, 0 skipped')
    expect(ok).toBe(false)
  })

  it('names what was skipped, which is a failure only where nothing may be', () => {
    const reports = [{ passed: 2, failed: [], skipped: ['a.test.ts: a browser: install chromium'] }]
    const lenient = summarize(reports, fine)
    expect(lenient.text).toBe('skipped: a.test.ts: a browser: install chromium\n2 passed, 0 failed, 1 skipped')
    expect(lenient.ok).toBe(true)
    const strict = summarize(reports, { ...fine, strict: true })
    expect(strict.text).toMatch(/With CI=true a skip is a failure\.\n2 passed, 0 failed, 1 skipped$/)
    expect(strict.ok).toBe(false)
  })

  it('counts a step that failed before the tests', () => {
    const { text, ok } = summarize([{ passed: 2, failed: [], skipped: [] }], { ...fine, failedSteps: ['lint'] })
    expect(text).toBe('failed: lint\n2 passed, 1 failed, 0 skipped')
    expect(ok).toBe(false)
  })

  it('counts a test run that crashed before it could report', () => {
    const { text, ok } = summarize([{ passed: 2, failed: [], skipped: [] }], { ...fine, testsFailed: true })
    expect(text).toMatch(/^failed: a test run ended without a report\n2 passed, 1 failed, 0 skipped$/)
    expect(ok).toBe(false)
  })

  it('is not content when no test ran', () => {
    expect(summarize([], fine)).toEqual({ text: 'No test passed.\n0 passed, 0 failed, 0 skipped', ok: false })
  })
})
