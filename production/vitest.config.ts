import config from '@sse/tooling/vitest'
import { mergeConfig } from 'vitest/config'

// Programs, browsers and many sockets want the machine to themselves.
export default mergeConfig(config, { test: { testTimeout: 60_000, maxWorkers: 1 } })
