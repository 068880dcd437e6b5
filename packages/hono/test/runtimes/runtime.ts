import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RuntimeName, type RuntimeServer, serveFile, serveWorker, type Worker } from '@sse/tooling/runtimes'

/** A runtime, and how the fixtures are served in it. */
export interface Runtime {
  readonly name: RuntimeName
  serve(program: string): Promise<RuntimeServer>
}

const here = dirname(fileURLToPath(import.meta.url))

/** The fixture for workerd. */
export const WORKER: Worker = {
  entry: join(here, 'worker.ts'),
  configuration: join(here, 'worker.capnp'),
  cwd: join(here, '../..'),
}

/** The runtimes that Hono's adapter is for. */
export const RUNTIMES: readonly Runtime[] = [
  { name: 'Node', serve: (program) => serveFile('Node', program, 'node.ts', { cwd: here }) },
  { name: 'Bun', serve: (program) => serveFile('Bun', program, 'bun.ts', { cwd: here }) },
  { name: 'Deno', serve: (program) => serveFile('Deno', program, 'deno.ts', { cwd: here }) },
  { name: 'workerd', serve: (program) => serveWorker(program, WORKER) },
]
