import { redisLog } from '@sse/redis'
import Redis from 'ioredis'
import { serveOnNode } from './serve-on-node.mjs'
import { makeSite } from './site.mjs'

await serveOnNode(makeSite({ log: redisLog({ client: new Redis(process.env.REDIS_URL) }) }))
