import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { until } from '../../test/until.ts'
import { PeerWatch, tablesOf, type Watched } from './peer-watch.ts'
import { addressOf } from './unanswered.ts'

describe('PeerWatch', () => {
  it('tells of a peer that has acknowledged nothing for nearly as long as it may, and of no other', async () => {
    const watch = new PeerWatch([await table(line(1, 900), line(2, 600), line(3, 0)), '/no/such/table'])
    const all = [1, 2, 3, 4].map((port) => watched(port, { patience: 1_000 }))
    await look(watch, all, () => told(all)[0] === 2)
    expect(told(all)).toEqual([2, 0, 0, 0])
  })

  it('gives each as long as it may take', async () => {
    const watch = new PeerWatch([await table(line(1, 900), line(2, 900))])
    const all = [watched(2, { patience: 2_000 }), watched(1, { patience: 500 })]
    await look(watch, all, () => told(all)[1] === 2)
    expect(told(all)).toEqual([0, 2])
  })

  it('takes nobody for another one', async () => {
    const watch = new PeerWatch([await table(line(1, 900))])
    const noSocket = { ...watched(1), socket: undefined }
    const all = [noSocket, watched(1, { localPort: 81 }), watched(1, { remoteAddress: '10.0.0.3' }), watched(1)]
    await look(watch, all, () => told(all)[3] === 1)
    expect(told(all)).toEqual([0, 0, 0, 1])
  })

  it('looks no more often than it must, and tells nobody who has closed', async () => {
    const file = await table(line(1, 900))
    const watch = new PeerWatch([file])
    const [one, closed] = [watched(1), watched(1)]
    watch.watch(closed, 0)
    watch.forget(closed)
    await look(watch, [one], () => told([one])[0] === 1)
    for (let now = 0; now < 100; now++) watch.watch(one, 1e6 + now)
    await until(() => told([one])[0] === 2)
    expect(told([one, closed])).toEqual([2, 0])
  })

  it('tells of nobody where nothing can be known', async () => {
    const one = watched(1)
    for (const watch of [new PeerWatch([]), new PeerWatch(['/no/such/table'])]) watch.watch(one, 0)
    await new Promise((resolve) => setImmediate(resolve))
    expect(told([one])).toEqual([0])
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

/** Time passes, until a condition holds. */
async function look(watch: PeerWatch, all: readonly Watched[], condition: () => boolean): Promise<void> {
  let now = 0
  await until(() => {
    now += 1_000
    for (const one of all) watch.watch(one, now)
    return condition()
  })
  for (const one of all) watch.forget(one)
}

/** How often each was told. */
function told(all: readonly Pick<ReturnType<typeof watched>, 'vanished'>[]): number[] {
  return all.map(({ vanished }) => vanished.mock.calls.length)
}

function watched(remotePort: number, { patience = 800, localPort = 80, remoteAddress = '::ffff:10.0.0.2' } = {}) {
  const socket: Watched['socket'] = { localPort, remotePort, remoteAddress }
  return { socket, patience, vanished: vi.fn<() => void>() }
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
