import { readFileSync } from 'node:fs'
import { createHub } from '@sse/core'
import type { Engine } from '@sse/tooling/engines'
import { startRedisForTest } from '@sse/tooling/engines-for-test'
import { expect, it, onTestFinished } from 'vitest'
import { redisLog } from '../src/index.ts'
import { CLIENTS } from './clients.ts'
import { command } from './commands.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

it('the user that the README describes may do all that the log does, and nothing else', async (context) => {
  const user = /^user sse on .*$/m.exec(readme)?.[0] ?? expect.unreachable('the README has no line for a user')
  const engine = await startRedisForTest(context, { config: [user] })
  let count = 0
  const errors: string[] = []
  for (const { name, create } of CLIENTS) {
    const client = create({ port: engine.port, username: 'sse', password: 'password', database: 1 })
    const hub = createHub({
      log: redisLog({ client, probeInterval: 50, onError: () => {} }),
      onError: (error) => errors.push(`${name}: ${error}`),
    })
    onTestFinished(() => hub.close())
    await hub.ready
    await hub.publish('t', { data: 'before' })
    await command(engine, 'SCRIPT', 'FLUSH')
    // Ids have to come after it.
    await command(
      { url: `${engine.url}/1` },
      'XADD',
      'sse',
      `${Date.now() + 60_000 + 1_000 * count++}-1`,
      'foreign',
      '1',
    )
    await hub.publish('t', { data: 'after' })
    expect(hub.stats().ring.events).toBeGreaterThan(0)
  }
  expect(errors.join()).not.toContain('NOPERM')
  expect(await denialsOf(engine)).toEqual([])
  await expect(command(engine, 'ACL', 'DRYRUN', 'sse', 'GET', 'other')).resolves.toMatch(/no permissions/)
  await expect(command(engine, 'ACL', 'DRYRUN', 'sse', 'FLUSHALL')).resolves.toMatch(/no permissions/)
})

/** What was denied; that of which clients know that not everybody may do it is left out. */
async function denialsOf(engine: Engine): Promise<unknown[]> {
  const log = await command(engine, 'ACL', 'LOG')
  if (!Array.isArray(log)) return []
  return log.map((entry) => entry[entry.indexOf('object') + 1]).filter((object) => object !== 'client|setinfo')
}
