import { express } from './express.ts'
import { fastify } from './fastify.ts'
import { hono } from './hono.ts'
import { koa } from './koa.ts'
import { nestOnExpress, nestOnFastify } from './nest.ts'
import { node } from './node.ts'
import type { ServerKind } from './server.ts'

/** Every way to serve a site. */
export const SERVERS: readonly ServerKind[] = [node, fastify, express, koa, hono, nestOnExpress, nestOnFastify]
