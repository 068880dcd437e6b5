import { afterEach, describe, expect, it, vi } from 'vitest'
import { StageLog } from '../../test/stage-log.ts'
import { StreamClient, turns } from '../../test/stream-client.ts'
import { createHub } from './hub.ts'
import { memoryLog } from './memory-log.ts'
import { createPublisher } from './publisher.ts'

describe('createPublisher', () => {
  afterEach(() => vi.restoreAllMocks())

  it('publishes to whoever follows the log, and answers with the id', async () => {
    const log = memoryLog()
    const hub = createHub({ log })
    const client = await StreamClient.open(hub.subscribe('a'))
    const publisher = createPublisher({ log })
    const id = await publisher.publish('a', { event: 'price', data: { p: 1 }, key: 'k' })
    expect((await client.settle()).events).toEqual([{ event: 'price', data: '{"p":1}', id }])
  })

  it('does not follow the log', async () => {
    const log = new StageLog()
    const publisher = createPublisher({ log })
    expect(await publisher.publish('a', { data: 'x' })).toBe('e1.1')
    expect(log.followers).toBe(0)
  })

  it('serializes as it is told', async () => {
    const log = new StageLog()
    await createPublisher({ log, serialize: (data) => `<${String(data)}>` }).publish('a', { data: 5 })
    expect(log.records).toEqual([{ position: '1', topic: 'a', event: 'message', data: '<5>', raw: false }])
  })

  it('throws at once on misuse, and nothing is appended', () => {
    const log = new StageLog()
    const publisher = createPublisher({ log })
    for (const [topic, event, code] of [
      ['a/*', { data: 'x' }, 'SSE_INVALID_FIELD'],
      ['a', { data: undefined }, 'SSE_INVALID_FIELD'],
      ['a', { event: 'sse.gap', data: 'x' }, 'SSE_INVALID_FIELD'],
      ['a', { data: 'x'.repeat(1024 * 1024) }, 'SSE_LIMIT'],
    ] as const) {
      expect(() => publisher.publish(topic, event)).toThrow(expect.objectContaining({ name: 'SseError', code }))
    }
    expect(log.records).toEqual([])
  })

  it('rejects with `SSE_LOG` and the cause when the log does not accept an event', async () => {
    const log = new StageLog()
    log.refusal = new Error('away')
    await expect(createPublisher({ log }).publish('a', { data: 'x' })).rejects.toMatchObject({
      code: 'SSE_LOG',
      cause: log.refusal,
    })
  })

  it('tells the console of a rejection that nobody awaits', async () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    const log = new StageLog()
    log.refusal = new Error('away')
    void createPublisher({ log }).publish('a', { data: 'x' })
    await turns()
    expect(told.mock.calls).toEqual([['@sse/core: publish:', expect.objectContaining({ code: 'SSE_LOG' })]])
  })

  it('tells `onError` of a rejection that nobody awaits, and of no other', async () => {
    const onError = vi.fn()
    const log = new StageLog()
    log.refusal = new Error('away')
    const publisher = createPublisher({ log, onError })
    await expect(publisher.publish('a', { data: 'x' })).rejects.toThrow()
    void publisher.publish('a', { data: 'x' })
    await turns()
    expect(onError.mock.calls).toEqual([
      [expect.objectContaining({ code: 'SSE_LOG', cause: log.refusal }), { stage: 'publish' }],
    ])
  })

  it('tells the console of an `onError` that throws', async () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    const log = new StageLog()
    log.refusal = new Error('away')
    const broken = new Error('broken')
    const onError = (): never => {
      throw broken
    }
    void createPublisher({ log, onError }).publish('a', { data: 'x' })
    await turns()
    expect(told.mock.calls).toEqual([['@sse/core: onError:', broken]])
  })

  it('bounds events as it is told', async () => {
    const log = new StageLog()
    const { publish } = createPublisher({ log, limits: { eventBytes: 2_000_000 } })
    await publish('a', { data: 'x'.repeat(1_999_993) })
    expect(() => publish('a', { data: 'x'.repeat(1_999_994) })).toThrow(
      expect.objectContaining({ code: 'SSE_LIMIT', message: expect.stringContaining('2000000') }),
    )
  })

  it('refuses options that are none, and names them', () => {
    const log = new StageLog()
    const options: [name: string, options: object][] = [
      ['limits.eventBytes', { limits: { eventBytes: 0 } }],
      ['limits.eventBytes', { limits: { eventBytes: '1' } }],
      ['serialize', { serialize: 'json' }],
      ['onError', { onError: null }],
    ]
    for (const [name, wrong] of options) {
      expect(() => createPublisher({ log, ...wrong })).toThrow(
        expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(`\`${name}\``) }),
      )
    }
  })

  it('lets go of the log when it closes, at once and once, and waits for the answers', async () => {
    const log = new StageLog()
    log.isAccepting = false
    const release = vi.fn(() => Promise.resolve())
    const publisher = createPublisher({ log: Object.assign(log, { release }) })
    void publisher.publish('a', { data: '1' })
    const closed = vi.fn()
    const closing = Promise.all([publisher.close(), publisher.close()]).then(closed)
    expect(release).toHaveBeenCalledTimes(1)
    await turns()
    expect(closed).not.toHaveBeenCalled()
    log.acceptAll()
    await closing
    await publisher.close()
    expect(release).toHaveBeenCalledTimes(1)
  })

  it('closes when the log has answered what was published, and throws `SSE_CLOSED` from the call on', async () => {
    const log = new StageLog()
    log.isAccepting = false
    const publisher = createPublisher({ log })
    const published = publisher.publish('a', { data: '1' })
    const refused = publisher.publish('a', { data: '2' }).catch(() => 'refused')
    const closed = vi.fn()
    const closing = publisher.close().then(closed)
    expect(() => publisher.publish('a', { data: '3' })).toThrow(expect.objectContaining({ code: 'SSE_CLOSED' }))
    await turns()
    expect(closed).not.toHaveBeenCalled()
    log.rejectAll(new Error('away'))
    await expect(published).rejects.toThrow()
    expect(await refused).toBe('refused')
    await closing
    await publisher.close()
  })

  it('closes at once when nothing is on its way', async () => {
    await createPublisher({ log: new StageLog() }).close()
  })
})
