import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { node } from '../servers/node.ts'
import { startBackend } from './backends.ts'
import { openForTest, startForTest } from './behind.ts'
import { documented } from './documented.ts'
import { startNaiveForTest } from './naive.ts'
import { within } from './stream-client.ts'
import { VARNISH_BY_DEFAULT, varnish } from './varnish.ts'

/** Ten minutes by default. */
const SECONDS = 1
const parameters = [`send_timeout=${SECONDS}`]

describe('Varnish', () => {
  it('[P2] has one stream for all, and replays it, where streams do not say what they are', async (context) => {
    const naive = await startNaiveForTest()
    const { url } = await startForTest(context, VARNISH_BY_DEFAULT, naive)
    const first = await openForTest(`${url}/naive/feed`)
    const second = await openForTest(`${url}/naive/feed`)
    naive.send('for one client')
    for (const client of [first, second]) expect((await client.next()).data).toBe('for one client')
    naive.end()
    await first.ending
    const late = await openForTest(`${url}/naive/feed`)
    expect((await late.next()).data).toBe('for one client')
    expect(naive.requests).toBe(1)
  })

  it('cuts a stream that takes longer than it allows, by default, and not one that is piped', async (context) => {
    const backend = await startBackend(node, { hub: { heartbeat: 100 } })
    context.onTestFinished(backend.close)
    const byDefault = await startForTest(
      context,
      varnish('by default', () => '', { parameters }),
      backend,
    )
    const piping = await startForTest(
      context,
      varnish('piping', () => documented('vcl'), { parameters }),
      backend,
    )
    const piped = await openForTest(`${piping.url}/node/feed`)
    const cut = await openForTest(`${byDefault.url}/node/feed`)
    expect(await within(cut.ending, 'the end of what takes too long')).toBe('cut')
    expect(await Promise.race([piped.ending, pause(SECONDS * 1_000, 'alive')])).toBe('alive')
  })
})
