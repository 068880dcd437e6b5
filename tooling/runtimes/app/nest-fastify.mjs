import { serveNest } from './nest.mjs'

await serveNest('fastify')
