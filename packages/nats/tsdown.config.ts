import { packageConfig, type UserConfig } from '@sse/tooling/tsdown'

const config: UserConfig = packageConfig({ entry: ['src/index.ts'] })

export default config
