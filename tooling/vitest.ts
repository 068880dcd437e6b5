import { dirname, join, relative, sep } from 'node:path'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { ClosingReporter } from './closing-report.ts'

/** Where `npm test` wants a report of every run, for its closing line; unset while developing. */
const reports = process.env.TEST_REPORTS

/** How every package runs its tests: `export { default } from '@sse/tooling/vitest'` in its `vitest.config.ts`. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globals: false,
    pool: 'forks',
    isolate: true,
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    passWithNoTests: true,
    // It would not notice a changed tsconfig.
    fsModuleCache: false,
    allowOnly: reports === undefined,
    reporters: reports === undefined ? ['default'] : ['default', closingReporter(reports)],
    coverage: { provider: 'v8', include: ['src/**/*.ts'], exclude: ['src/**/*.test.ts'] },
  },
})

/** Reports on this package: `.reports/packages-core.json` for `packages/core`. */
function closingReporter(directory: string): ClosingReporter {
  const root = dirname(directory)
  const name = relative(root, process.cwd()).replaceAll(sep, '-')
  return new ClosingReporter(join(directory, `${name}.json`), root)
}

export default config
