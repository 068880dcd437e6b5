import type { UserConfig } from '@sse/tooling/tsdown'

/** One file that Node runs: Nest needs decorators and their metadata, which Node does not know how to strip. */
const config: UserConfig = {
  entry: ['src/server.ts'],
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  fixedExtension: false,
  dts: false,
  sourcemap: true,
  failOnWarn: true,
}

export default config
