import { dirname, join, relative, sep } from 'node:path'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** Where `npm test` wants a report of every run, for its closing line; unset while developing. */
const reports = process.env.TEST_REPORTS

/** The report of this package: `.reports/packages-core.json` for `packages/core`. */
function reportFile(directory: string): string {
  const place = relative(dirname(directory), process.cwd())
  return join(directory, `${place.replaceAll(sep, '-')}.json`)
}

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
    fsModuleCache: false,
    passWithNoTests: true,
    reporters: reports === undefined ? ['default'] : ['default', ['json', { outputFile: reportFile(reports) }]],
    coverage: { provider: 'v8', include: ['src/**/*.ts'], exclude: ['src/**/*.test.ts'] },
  },
})

export default config
