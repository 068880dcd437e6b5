import { join } from 'node:path'
import { type RuntimeName, type RuntimeServer, type ServeOptions, serveFile, serveWorker } from './runtime.ts'

/** The oldest Node that the packages are for, and the newest of each line that has or will have support. */
export const NODE_RANGES: readonly string[] = ['20.19.0', '20', '22', '24', '26']

/** A server of `app/`, and where it runs. */
export interface TriedServer {
  readonly name: string
  /** Of its file: `express` for `express.mjs`; a worker has one of its own, `web-worker.mjs`. */
  readonly file: string
  readonly on: readonly RuntimeName[]
  /** What it needs beside. */
  readonly engine?: 'redis' | 'nats'
}

const SERVERS_ONLY: readonly RuntimeName[] = ['Node', 'Bun', 'Deno']
const EVERYWHERE: readonly RuntimeName[] = [...SERVERS_ONLY, 'workerd']

/** What is tried on each runtime. */
export const TRIED_SERVERS: readonly TriedServer[] = [
  { name: '@sse/core, Web form', file: 'web.mjs', on: EVERYWHERE },
  { name: '@sse/core/node', file: 'node-http.mjs', on: SERVERS_ONLY },
  { name: '@sse/core/node, by require', file: 'require.cjs', on: SERVERS_ONLY },
  { name: '@sse/express', file: 'express.mjs', on: SERVERS_ONLY },
  { name: '@sse/koa', file: 'koa.mjs', on: SERVERS_ONLY },
  { name: '@sse/hono', file: 'hono.mjs', on: EVERYWHERE },
  { name: '@sse/nest on Express', file: 'nest-express.mjs', on: SERVERS_ONLY },
  { name: '@sse/nest on Fastify', file: 'nest-fastify.mjs', on: SERVERS_ONLY },
  { name: '@sse/redis, node-redis', file: 'redis.mjs', on: SERVERS_ONLY, engine: 'redis' },
  { name: '@sse/redis, ioredis', file: 'ioredis.mjs', on: SERVERS_ONLY, engine: 'redis' },
  { name: '@sse/nats', file: 'nats.mjs', on: SERVERS_ONLY, engine: 'nats' },
]

/**
 * Starts a server.
 *
 * @param application where `installApplication` has put it, and where its engine is: `REDIS_URL`, `NATS_URL`
 */
export function startServer(
  { file }: TriedServer,
  runtime: RuntimeName,
  program: string,
  application: ServeOptions,
): Promise<RuntimeServer> {
  if (runtime !== 'workerd') return serveFile(runtime, program, file, application)
  const { cwd } = application
  const entry = join(cwd, file.replace('.mjs', '-worker.mjs'))
  return serveWorker(program, { entry, configuration: join(cwd, 'worker.capnp'), cwd })
}
