import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startNatsForTest } from '@sse/tooling/engines-for-test'
import { describe, expect, it } from 'vitest'
import { entryOf, Observer, texts, until } from '../test/observer.ts'
import { freshStream, openLog, operate } from '../test/stage.ts'
import { Wire } from '../test/wire.ts'
import { nanosecondsOf } from './history.ts'

describe('nanosecondsOf', () => {
  it.each([
    ['1970-01-01T00:00:01Z', '1000000000'],
    ['2026-11-22T16:34:32.33222135Z', '1795365272332221350'],
    ['2026-11-22T16:34:32.330214889Z', '1795365272330214889'],
    ['2026-11-22T18:34:32.5+02:00', '1795365272500000000'],
  ])('%s is %s', (time, nanoseconds) => {
    expect(nanosecondsOf(time)).toBe(nanoseconds)
  })
})

describe('a stream that was restored to what it was before', () => {
  /** A server that can be set back, with events that two nodes have read, and one publishes. */
  async function restored(context: Parameters<typeof startNatsForTest>[0], appendedSince: number) {
    const engine = await startNatsForTest(context)
    const stream = freshStream()
    const nodes = [1, 2].map(() => openLog({ servers: engine.url, stream }))
    const observers = nodes.map((node) => new Observer(node))
    const [node] = nodes
    const appendAll = (all: string[]) => Promise.all(all.map((text) => node?.append(entryOf(text))))
    await appendAll(texts(10))
    await engine.restart()
    const [files, copy] = [join(engine.directory, 'jetstream'), join(engine.directory, 'copy')]
    cpSync(files, copy, { recursive: true })
    await appendAll(texts(5, 'lost'))
    await Promise.all(observers.map((observer) => observer.until('lost 4')))
    await engine.kill()
    rmSync(files, { recursive: true })
    cpSync(copy, files, { recursive: true })
    await engine.restart()
    await appendAll(texts(appendedSince, 'new'))
    return { engine, stream, observers, nodes, append: (text: string) => nodes.map((one) => one.append(entryOf(text))) }
  }

  it.for([
    ['and shorter', 0],
    ['and longer by now', 30],
  ] as const)('%s is another epoch, the same for all nodes', async ([_, appendedSince], context) => {
    const { observers, append } = await restored(context, appendedSince)
    const places = await Promise.all(append('after'))
    for (const observer of observers) {
      await until(() => observer.texts.filter((text) => text === 'after').length === 2)
      const [before, ...later] = new Set(observer.epochs)
      expect(later).toEqual([`${before}-1`])
      const since = observer.texts.slice(observer.texts.lastIndexOf('lost 4') + 1)
      expect(since).toEqual([...texts(10), ...texts(appendedSince, 'new'), 'after', 'after'])
    }
    expect(new Set(places.map(({ epoch }) => epoch))).toEqual(new Set(observers.map(({ epochs }) => epochs.at(-1))))
  })

  it('is another epoch for a node that comes back when it has grown beyond, by others who know nothing of it', async (context) => {
    const engine = await startNatsForTest(context)
    const wire = await Wire.to(engine.port)
    const stream = freshStream()
    const observer = new Observer(openLog({ servers: wire.url, stream }))
    const before = openLog({ servers: engine.url, stream })
    await Promise.all(texts(10).map((text) => before.append(entryOf(text))))
    await before.release?.()
    await engine.restart()
    const [files, copy] = [join(engine.directory, 'jetstream'), join(engine.directory, 'copy')]
    cpSync(files, copy, { recursive: true })
    const then = openLog({ servers: engine.url, stream })
    await then.append(entryOf('lost'))
    await observer.until('lost')
    await then.release?.()
    wire.isOpen = false
    wire.cut()
    await engine.kill()
    rmSync(files, { recursive: true })
    cpSync(copy, files, { recursive: true })
    await engine.restart()
    const others = openLog({ servers: engine.url, stream })
    await Promise.all(texts(5, 'other').map((text) => others.append(entryOf(text))))
    wire.isOpen = true
    await observer.until('other 4')
    expect(new Set(observer.epochs).size).toBe(2)
    expect(observer.texts).toEqual([...texts(10), 'lost', ...texts(10), ...texts(5, 'other')])
  })

  it('is marked in its description, which stays as it was', async (context) => {
    const { engine, stream, observers } = await restored(context, 0)
    await until(() => observers.every(({ epochs }) => new Set(epochs).size === 2))
    const { config } = await (await operate(engine)).api.streams.info(stream)
    expect(config.description).toMatch(/^Server-sent events .* \[history 1\]$/)
    const late = new Observer(openLog({ servers: engine.url, stream }))
    expect((await late.attached()).epoch).toBe(observers[0]?.epochs.at(-1))
  })
})
