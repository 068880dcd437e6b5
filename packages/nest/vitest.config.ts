import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import shared from '@sse/tooling/vitest'
import { defineConfig, mergeConfig } from 'vitest/config'

const NEST_11 = fileURLToPath(new URL('nest-11/node_modules/@nestjs/', import.meta.url))

/** Every test runs on both versions of Nest that the package is for. */
const config: ReturnType<typeof defineConfig> = mergeConfig(
  shared,
  defineConfig({
    test: {
      projects: [
        { extends: true, test: { name: 'Nest 12' } },
        {
          extends: true,
          resolve: {
            alias: readdirSync(NEST_11).map((name) => ({ find: `@nestjs/${name}`, replacement: NEST_11 + name })),
          },
          test: { name: 'Nest 11' },
        },
      ],
    },
  }),
)

export default config
