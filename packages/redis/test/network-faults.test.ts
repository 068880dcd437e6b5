import { sharedRedis } from '@sse/tooling/engines-for-test'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redisLog } from '../src/index.ts'
import { command } from './commands.ts'
import { entryOf, TestFollower, until } from './follower.ts'
import { Network } from './network.ts'

const redis = sharedRedis()
let keys = 0

/** What may happen, to one of two processes. */
const step = fc.record({
  fault: fc.constantFrom('none', 'cut', 'mute', 'hold', 'arrive', 'close', 'kill', 'scripts'),
  process: fc.nat(1),
  appends: fc.nat(30),
  pause: fc.nat(20),
})

describe('two processes behind a network that fails', () => {
  it('[L2] store each event once, in the order of its process, and both read all of them, without a gap', async (context) => {
    const engine = await redis(context)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const key = `log-${++keys}`
        const processes = await Promise.all(
          ['a', 'b'].map(async (name) => {
            const network = await Network.start(engine)
            const log = redisLog({ url: network.url, key, probeInterval: 50, publishTimeout: false, onError: () => {} })
            return { name, network, log, follower: new TestFollower(log), count: 0, held: [() => {}] }
          }),
        )
        const appends: Promise<{ epoch: string; position: string }>[] = []
        const texts: string[] = []
        for (const { fault, process, appends: count, pause } of steps) {
          const one = processes[process]
          if (one === undefined) continue
          const { network, log, held } = one
          for (let i = 0; i < count; i++) {
            const text = `${one.name} ${one.count++}`
            texts.push(text)
            appends.push(log.append(entryOf(text)))
          }
          if (fault === 'cut') network.cut()
          if (fault === 'mute') network.mute()
          if (fault === 'hold') held.push(network.hold())
          if (fault === 'arrive') for (const arrive of held.splice(0)) arrive()
          if (fault === 'close') network.close()
          if (fault === 'kill') await command(engine, 'CLIENT', 'KILL', 'TYPE', 'normal')
          if (fault === 'scripts') await command(engine, 'SCRIPT', 'FLUSH')
          await new Promise((resolve) => setTimeout(resolve, pause))
          network.open()
        }
        const places = await Promise.all(appends)
        for (const { held } of processes) for (const arrive of held) arrive()
        const last = await Promise.all(processes.map(({ log, name }) => log.append(entryOf(`${name} last`))))
        for (const { follower } of processes) await until(() => follower.received.length >= texts.length + 2)
        await Promise.all(processes.map(({ log }) => log.append(entryOf('end'))))
        for (const { follower } of processes)
          await until(() => follower.texts.filter((text) => text === 'end').length === 2)

        const [a, b] = processes.map(({ follower }) => follower)
        expect(a?.received).toEqual(b?.received)
        expect(a?.texts.slice(0, -2).sort()).toEqual([...texts, 'a last', 'b last'].sort())
        for (const { name } of processes) {
          const own = texts.filter((text) => text.startsWith(`${name} `))
          expect(a?.texts.filter((text) => own.includes(text))).toEqual(own)
        }
        // Each has the place that its publisher was told.
        const positionOf = new Map(a?.received.map(({ data, position }) => [data, position]))
        for (const [i, { position }] of places.entries()) expect(positionOf.get(texts[i] ?? '')).toBe(position)
        const epochs = [...places, ...last, ...(a?.attachments ?? []), ...(b?.attachments ?? [])].map(
          ({ epoch }) => epoch,
        )
        expect(new Set(epochs).size).toBe(1)
        const known = new Set([a?.attachments[0]?.floor, b?.attachments[0]?.floor, ...positionOf.values()])
        for (const { follower } of processes)
          for (const { floor } of follower.attachments) expect(known).toContain(floor)
        await Promise.all(processes.flatMap(({ log, follower }) => [follower.stop(), log.release?.()]))
      }),
      { numRuns: Number(process.env.RUNS ?? 6), endOnFailure: true },
    )
  })
})
