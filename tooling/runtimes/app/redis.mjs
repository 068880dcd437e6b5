import { redisLog } from '@sse/redis'
import { serveOnNode } from './serve-on-node.mjs'
import { makeSite } from './site.mjs'

await serveOnNode(makeSite({ log: redisLog({ url: process.env.REDIS_URL }) }))
