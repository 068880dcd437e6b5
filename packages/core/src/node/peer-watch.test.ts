import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { until } from '../../test/until.ts'
import { type Ends, PeerWatch, tablesOf } from './peer-watch.ts'
import { addressOf } from './unanswered.ts'

describe('PeerWatch', () => {
  it('tells of a peer that has acknowledged nothing for nearly as long as it may, and of no other', async () => {
    const watch = new PeerWatch([await table(line(1, 900), line(2, 600), line(3, 0)), '/no/such/table'])
    const vanished = await look(
      watch,
      [1, 2, 3, 4].map((port) => ({ ...ends(port), patience: 1_000 })),
    )
    expect(vanished).toEqual([true, false, false, false])
  })

  it('gives each as long as it may take', async () => {
    const watch = new PeerWatch([await table(line(1, 900), line(2, 900))])
    const asked = [
      { ...ends(1), patience: 500 },
      { ...ends(2), patience: 2_000 },
    ]
    expect(await look(watch, asked)).toEqual([true, false])
  })

  it('takes nobody for another one', async () => {
    const watch = new PeerWatch([await table(line(1, 900))])
    const asked = [ends(1), { ...ends(1), localPort: 81 }, { ...ends(1), remoteAddress: '10.0.0.3' }, ends(2)]
    expect(await look(watch, asked)).toEqual([true, false, false, false])
  })

  it('does not go by what it saw once: a peer may have answered since', async () => {
    const watch = new PeerWatch([await table(line(1, 900))])
    await look(watch, [ends(1)])
    expect(watch.hasVanished(ends(1), PATIENCE, NOW + 1_000)).toBe(true)
    expect(watch.hasVanished(ends(1), PATIENCE, NOW + 1_001)).toBe(false)
  })

  it('looks no more often than it must', async () => {
    const file = await table(line(2, 900))
    const watch = new PeerWatch([file])
    await look(watch, [ends(2)])
    await writeFile(file, `${line(1, 900)}\n`)
    for (let turn = 0; turn < 50; turn++) {
      expect(watch.hasVanished(ends(1), PATIENCE, NOW + PATIENCE / 4 - 1)).toBe(false)
      await new Promise((resolve) => setImmediate(resolve))
    }
    // However long it took to look, it is due again by then.
    await until(() => watch.hasVanished(ends(1), PATIENCE, NOW + 1e6))
  })

  it('knows nothing of anybody where there is nothing to look at', async () => {
    for (const watch of [new PeerWatch([]), new PeerWatch(['/no/such/table'])]) {
      expect(watch.hasVanished(ends(1), PATIENCE, 0)).toBe(false)
      await new Promise((resolve) => setImmediate(resolve))
      expect(watch.hasVanished(ends(1), PATIENCE, NOW)).toBe(false)
    }
  })
})

describe('tablesOf', () => {
  it('knows of tables on Linux, and there only Node reads them', () => {
    const { versions } = process
    expect(tablesOf({ platform: 'linux', versions })).toEqual(['/proc/net/tcp', '/proc/net/tcp6'])
    expect(tablesOf({ platform: 'darwin', versions })).toEqual([])
    expect(tablesOf({ platform: 'linux', versions: { ...versions, deno: '2.0.0' } })).toEqual([])
    expect(tablesOf({ platform: 'linux', versions: { ...versions, bun: '1.0.0' } })).toEqual([])
  })
})

const PATIENCE = 800
const NOW = 1_000_000

/** Looks, until the first of them is known to have vanished; answers which have. */
async function look(watch: PeerWatch, asked: readonly (Ends & { patience?: number })[]): Promise<boolean[]> {
  const ask = (): boolean[] => asked.map(({ patience = PATIENCE, ...one }) => watch.hasVanished(one, patience, NOW))
  await until(() => ask()[0])
  return ask()
}

function ends(remotePort: number): Ends {
  return { localPort: 80, remotePort, remoteAddress: '::ffff:10.0.0.2' }
}

/** What Linux writes of a peer that has not answered for so long. */
function line(remotePort: number, ms: number): string {
  const [local, remote] = [80, remotePort].map((port) => port.toString(16).padStart(4, '0').toUpperCase())
  // Sent again once: a first wait, and of another one that is twice as long nothing is left.
  const [again, wait] = ms === 0 ? ['00000000', 20] : ['00000001', Math.ceil(((ms / 10) * 2) / 3)]
  const address = addressOf('::ffff:10.0.0.2')
  return `  1: ${address}:${local} ${address}:${remote} 01 00000012:00000000 01:00000000 ${again} 0 0 1234 2 0 ${wait} 4 31 1 -1`
}

async function table(...lines: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'peer-watch-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = join(directory, 'tcp')
  await writeFile(file, `  sl  local_address\n${lines.join('\n')}\n`)
  return file
}
