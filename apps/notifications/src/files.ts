import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const { resolve } = createRequire(import.meta.url)

// This file and what it is built into lie equally deep.
/** Where the pages lie. */
export const pages: string = fileURLToPath(new URL('../pages', import.meta.url))
/** Where everything lies that the pages load. */
export const assets: string = fileURLToPath(new URL('../public', import.meta.url))
/** Where the fonts lie: in the packages that bring them. */
export const fonts: readonly string[] = ['bricolage-grotesque', 'figtree'].map((name) =>
  join(dirname(resolve(`@fontsource-variable/${name}/LICENSE`)), 'files'),
)
