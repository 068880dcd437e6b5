import { createHub, type EventLog, eventStream, type LogFollower, type LogRecord } from '@sse/core'
import { logContract, readEvents } from '@sse/core/testing'
import { describe, expect, it } from 'vitest'
import { LogRestarted, type RestartableLog, restartableLog } from './restartable-log.ts'

const entry = (data: string): Omit<LogRecord, 'position'> => ({ topic: 'news', event: 'message', data, raw: true })

describe('restartableLog', () => {
  describe('keeps the contract of logs', () => {
    const logs = new WeakMap<EventLog, RestartableLog>()
    const harness = {
      create() {
        const log = restartableLog()
        logs.set(log, log)
        return log
      },
      lose: (log: EventLog) => logs.get(log)?.restart(),
    }
    for (const { name, run } of logContract(harness)) it(name, run)
  })

  it('detaches its followers and attaches them to a new epoch, each once', async () => {
    const log = restartableLog()
    const heard = [listen(log), listen(log)]
    const before = await log.append(entry('before'))
    await log.restart()
    const after = await log.append(entry('after'))
    expect(after.epoch).not.toBe(before.epoch)
    for (const { lines } of heard) {
      expect(lines).toEqual([
        `attach ${before.epoch}`,
        'before',
        'detach LogRestarted',
        `attach ${after.epoch}`,
        'after',
      ])
    }
  })

  it('delivers nothing to who has stopped, before a restart or after', async () => {
    const log = restartableLog()
    const heard = listen(log)
    await heard.stop()
    await log.restart()
    await log.append(entry('late'))
    expect(heard.lines).toHaveLength(1)
  })

  it('lets a hub tell its clients: a gap for the epoch, a snapshot, and on without a reconnect', async () => {
    const log = restartableLog()
    const errors: unknown[] = []
    const hub = createHub<Events>({ log, onError: (error) => errors.push(error) })
    const news = hub.subscribe('news', { snapshot: ({ reason }) => [{ event: 'all', data: reason }] })
    const client = readEvents(await eventStream(new Request('http://localhost/'), news))

    expect((await client.next()).value).toMatchObject({ event: 'all', data: 'fresh' })
    const before = await hub.publish('news', { event: 'one', data: 1 })
    expect((await client.next()).value).toMatchObject({ event: 'one', id: before })
    await log.restart()
    const gap = (await client.next()).value
    expect(gap?.event).toBe('sse.gap')
    expect(JSON.parse(gap?.data ?? '')).toMatchObject({ reason: 'epoch', from: before, snapshot: true })
    expect((await client.next()).value).toMatchObject({ event: 'all', data: 'epoch' })
    const after = await hub.publish('news', { event: 'two', data: 2 })
    expect((await client.next()).value).toMatchObject({ event: 'two', id: after })

    expect(errors).toEqual([expect.any(LogRestarted)])
    await client.return()
    await hub.close()
  })
})

interface Events {
  all: string
  one: number
  two: number
}

interface Listener {
  readonly lines: readonly string[]
  stop(): Promise<void>
}

/** Follows a log and writes down what it hears. */
function listen(log: EventLog): Listener {
  const lines: string[] = []
  const follower: LogFollower = {
    attach: ({ epoch }) => void lines.push(`attach ${epoch}`),
    records: (batch) => void lines.push(...batch.map(({ data }) => data)),
    detach: (error) => void lines.push(`detach ${error instanceof Error ? error.name : error}`),
  }
  return { lines, stop: log.follow(follower, { maxEvents: 100, maxBytes: 10_000 }) }
}
