import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'

/** How a run of tests ended, for the closing lines of `npm test`. */
export interface ClosingReport {
  /** How many tests passed. */
  readonly passed: number
  /** What failed: tests, files that could not be loaded, errors that no test caught. */
  readonly failed: readonly string[]
  /** What was skipped, each with the reason that the test gave. */
  readonly skipped: readonly string[]
}

/** A vitest reporter that writes a {@link ClosingReport} as JSON to a file, its tests named by paths from `root`. */
export class ClosingReporter implements Reporter {
  readonly #file: string
  readonly #root: string

  constructor(file: string, root: string) {
    this.#file = file
    this.#root = root
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly { readonly message: string }[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const suites = modules.flatMap((module) => [...module.children.allSuites()])
    const report: ClosingReport = {
      passed: tests.filter((test) => test.result().state === 'passed').length,
      failed: [
        ...tests.filter((test) => test.result().state === 'failed').map((test) => this.#name(test)),
        ...suites.filter((suite) => suite.errors().length > 0).map((suite) => this.#name(suite)),
        ...modules.filter((module) => module.errors().length > 0).map((module) => this.#path(module)),
        ...unhandledErrors.map((error) => `an error that no test caught: ${error.message}`),
      ],
      skipped: tests.filter(isSkipped).map((test) => `${this.#name(test)}${noteOf(test)}`),
    }
    mkdirSync(dirname(this.#file), { recursive: true })
    writeFileSync(this.#file, JSON.stringify(report))
  }

  #name(task: TestCase | TestSuite): string {
    return `${this.#path(task.module)}: ${task.fullName}`
  }

  #path(module: TestModule): string {
    return relative(this.#root, module.moduleId)
  }
}

function isSkipped(test: TestCase): boolean {
  const { state } = test.result()
  return state === 'skipped' || state === 'pending'
}

function noteOf(test: TestCase): string {
  const result = test.result()
  return result.state === 'skipped' && result.note !== undefined ? `: ${result.note}` : ''
}
