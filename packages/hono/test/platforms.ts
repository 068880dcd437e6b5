import * as web from '../src/index.ts'
import * as node from '../src/node.ts'

/** Both files of the package, on Node: what its conditions choose, and what all other runtimes get. */
export const PLATFORMS: readonly (Pick<typeof node, 'sse' | 'eventStream'> & { readonly name: string })[] = [
  { name: 'the file for Node', ...node },
  { name: 'the file for other runtimes', ...web },
]
