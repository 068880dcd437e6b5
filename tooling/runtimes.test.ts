import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { sharedNats, sharedRedis } from './engines-for-test.ts'
import { findNodes } from './nodes.ts'
import { installApplication } from './runtimes/application.ts'
import { type RuntimeName, requireRuntime } from './runtimes/runtime.ts'
import { startServer, TRIED_SERVERS } from './runtimes/servers.ts'
import { visit } from './runtimes/visit.ts'

/** Those that are here; `npm run runtimes` gets Node 20.19.0, and the newest 20, 22, 24 and 26. */
const PROGRAMS: readonly { readonly title: string; readonly runtime: RuntimeName; readonly path?: string }[] = [
  ...Array.from(findNodes(), ([version, path]) => ({ title: `Node ${version}`, runtime: 'Node' as const, path })),
  { title: 'Bun', runtime: 'Bun' },
  { title: 'Deno', runtime: 'Deno' },
  { title: 'workerd', runtime: 'workerd' },
]

const redis = sharedRedis()
const nats = sharedNats()
let application: string

beforeAll(() => {
  application = mkdtempSync(join(tmpdir(), 'runtimes-'))
  installApplication(application)
}, 120_000)

afterAll(() => {
  rmSync(application, { recursive: true, force: true })
})

describe.each(PROGRAMS)('the packages as npm installs them, on $title', { timeout: 60_000 }, ({ runtime, path }) => {
  for (const server of TRIED_SERVERS.filter(({ on }) => on.includes(runtime))) {
    it(`${server.name}: streams, notices a disconnect, resumes, ends`, async (context) => {
      const program = path ?? requireRuntime(runtime, context)
      const env = {
        ...(server.engine === 'redis' && { REDIS_URL: (await redis(context)).url }),
        ...(server.engine === 'nats' && { NATS_URL: (await nats(context)).url }),
      }
      const running = await startServer(server, runtime, program, { cwd: application, env })
      await visit(running.url).finally(running.stop)
    })
  }
})
