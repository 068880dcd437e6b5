import { packageConfig, type UserConfig } from '@sse/tooling/tsdown'

const config: UserConfig = packageConfig({
  entry: [
    'src/index.ts',
    'src/adapter.ts',
    'src/engine.ts',
    'src/node.ts',
    'src/otel.ts',
    'src/testing.ts',
    'src/testing-app.ts',
  ],
})

export default config
