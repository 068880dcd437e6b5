import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type * as Main from '../../src/index.ts'
import type * as OnNode from '../../src/node.ts'

/** The core as it was built: what is published, or a copy of it that somebody has broken on purpose. */
export interface BuiltCore {
  readonly main: typeof Main
  readonly node: typeof OnNode
}

/** Where the build puts it. */
export const DIST: string = fileURLToPath(new URL('../../dist', import.meta.url))

/** Loads the entries that a directory holds. */
export async function loadCore(directory: string): Promise<BuiltCore> {
  const load = (entry: string): Promise<unknown> =>
    import(/* @vite-ignore */ pathToFileURL(join(directory, entry)).href)
  // What is built there is what these sources say.
  return { main: (await load('index.js')) as typeof Main, node: (await load('node.js')) as typeof OnNode }
}
