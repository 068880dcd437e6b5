import { natsLog } from '@sse/nats'
import { serveOnNode } from './serve-on-node.mjs'
import { makeSite } from './site.mjs'

await serveOnNode(makeSite({ log: natsLog({ servers: process.env.NATS_URL }) }))
