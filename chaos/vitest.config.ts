import config from '@sse/tooling/vitest'
import { mergeConfig } from 'vitest/config'

// Runs mostly wait, so that several go on at a time.
export default mergeConfig(config, { test: { testTimeout: 120_000, maxConcurrency: 4, maxWorkers: 1 } })
