import type { UserConfig } from 'tsdown'

export type { UserConfig }

/**
 * How every published package is built: ESM for Node ≥ 20.19 and other Web runtimes, readable, with declarations and
 * source maps; what several entries share goes into chunks of its own, so that each class exists once.
 */
export function packageConfig({ entry }: { readonly entry: readonly string[] }): UserConfig {
  return {
    entry: [...entry],
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    hash: false,
    dts: { sourcemap: false },
    sourcemap: true,
    minify: false,
    clean: true,
    fixedExtension: false,
    deps: { neverBundle: [/^node:/] },
    failOnWarn: true,
  }
}
