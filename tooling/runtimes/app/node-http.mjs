import { serveOnNode } from './serve-on-node.mjs'
import { makeSite } from './site.mjs'

await serveOnNode(makeSite())
