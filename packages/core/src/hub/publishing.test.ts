import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StageLog } from '../../test/stage-log.ts'
import { turns } from '../../test/stream-client.ts'
import { nextTurn } from '../connection/turn.ts'
import { SseError } from '../wire/error.ts'
import type { EventLog } from './log.ts'
import { appendTo, Publishing } from './publishing.ts'

const ENTRY = { topic: 'a', event: 'message', data: 'x', raw: true }
const AWAY = new Error('away')

describe('Publishing', () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  const unheard: unknown[] = []
  let answers = 0

  beforeEach(() => {
    unhandled.length = unheard.length = answers = 0
    process.on('unhandledRejection', note)
  })

  afterEach(async () => {
    await turns()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  const append = (log: EventLog, breath?: Promise<void>): Publishing =>
    Publishing.of(appendTo(log, ENTRY), {
      answered: () => answers++,
      breath: () => breath,
      unheard: (error) => unheard.push(error),
    })
  const rejected = (error: unknown = AWAY): Publishing => {
    const log = new StageLog()
    log.refusal = error as Error
    return append(log)
  }

  it('resolves with the id', async () => {
    const publishing = append(new StageLog())
    expect(await publishing).toBe('e1.1')
    expect(publishing).toBeInstanceOf(Promise)
    await turns()
    expect([unheard, answers]).toEqual([[], 1])
  })

  it('waits for what publishers are to wait for', async () => {
    const publishing = append(new StageLog(), nextTurn())
    const order: string[] = []
    void publishing.then((id) => order.push(id))
    for (let i = 0; i < 100; i++) await undefined
    expect([order, answers]).toEqual([[], 1])
    await turns()
    expect(order).toEqual(['e1.1'])
  })

  it('rejects with `SSE_LOG` and what the log has said, whatever that is', async () => {
    for (const cause of [new Error('no space'), 'no space']) {
      await expect(rejected(cause)).rejects.toMatchObject({
        name: 'SseError',
        code: 'SSE_LOG',
        cause,
        message: expect.stringContaining('no space'),
      })
    }
    expect(answers).toBe(2)
  })

  it('passes an error of ours on as it is', async () => {
    const full = new SseError('SSE_LIMIT', 'full')
    await expect(rejected(full)).rejects.toBe(full)
  })

  it('rejects where a log throws, which it must not', async () => {
    const log = new StageLog()
    log.append = () => {
      throw AWAY
    }
    await expect(append(log)).rejects.toMatchObject({ code: 'SSE_LOG', cause: AWAY })
  })

  it('gives a rejection that nobody asked for to the one who is there for it, once', async () => {
    void rejected()
    await turns()
    expect(unheard).toEqual([expect.objectContaining({ code: 'SSE_LOG', cause: AWAY })])
  })

  const ways: [way: string, ask: (publishing: Promise<string>) => Promise<unknown>][] = [
    ['await', async (publishing) => await publishing],
    ['await after others', async (publishing) => [await Promise.resolve(), await undefined, await publishing]],
    ['then', (publishing) => publishing.then(() => {})],
    ['then with both', (publishing) => publishing.then(undefined, (reason) => Promise.reject(reason))],
    ['catch', (publishing) => publishing.catch((reason) => Promise.reject(reason))],
    ['finally', (publishing) => publishing.finally(() => {})],
    ['Promise.all', (publishing) => Promise.all([publishing])],
    ['Promise.race', (publishing) => Promise.race([publishing])],
    ['an async function that returns it', (publishing) => (async () => publishing)()],
  ]
  for (const [way, ask] of ways) {
    it(`gives it to who asks by ${way} alone`, async () => {
      await expect(ask(rejected())).rejects.toMatchObject({ cause: AWAY })
      await turns()
      expect(unheard).toEqual([])
    })
  }

  it('is heard by who asks in the same turn for all of many', async () => {
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => rejected()))
    expect(all.every(({ status }) => status === 'rejected')).toBe(true)
    await turns()
    expect(unheard).toEqual([])
  })

  it("makes ordinary promises, which are nobody else's", () => {
    const then = rejected().catch(() => {})
    expect(then).not.toBeInstanceOf(Publishing)
  })
})
