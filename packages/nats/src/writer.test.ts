import { headers } from '@nats-io/nats-core'
import { SseError } from '@sse/core'
import { sharedNats, startNatsForTest } from '@sse/tooling/engines-for-test'
import { describe, expect, it, vi } from 'vitest'
import { appendUntilAccepted, entryOf, Observer, texts, until } from '../test/observer.ts'
import { backUp, dataOf, freeze, freshStream, messagesOf, openLog, operate, recreate } from '../test/stage.ts'
import { Wire } from '../test/wire.ts'
import { epochOf, markOf } from './history.ts'

/** What became of appends: the place, or the message of the error. */
async function outcomes(appends: readonly Promise<{ position: string }>[]): Promise<string[]> {
  const settled = await Promise.allSettled(appends)
  return settled.map((one) => (one.status === 'fulfilled' ? one.value.position : String(one.reason)))
}

describe('an event that is appended', () => {
  const server = sharedNats()

  it('[L2] is stored once, though its answer is lost and it is sent again', async (context) => {
    const engine = await server(context)
    const wire = await Wire.to(engine.port)
    const stream = freshStream()
    const log = openLog({ servers: wire.url, stream })
    const observer = new Observer(log)
    await log.append(entryOf('before'))
    wire.isDeaf = true
    const appends = texts(50).map((text) => log.append(entryOf(text)))
    const operator = await operate(engine)
    await until(() => wire.size > 0)
    await expect.poll(async () => (await operator.api.streams.info(stream)).state.last_seq).toBe(51)
    wire.cut()
    wire.isDeaf = false
    expect(await outcomes(appends)).toEqual(Array.from({ length: 50 }, (_, n) => String(n + 2)))
    await observer.until('event 49')
    expect(observer.texts).toEqual(['before', ...texts(50)])
    expect(await dataOf(operator, stream)).toEqual(['before', ...texts(50)])
    expect(new Set(observer.epochs).size).toBe(1)
  })

  it('[L2] has the place of its call, though connections break all the time', async (context) => {
    const engine = await server(context)
    const wire = await Wire.to(engine.port)
    const stream = freshStream()
    const log = openLog({ servers: wire.url, stream })
    const appends: Promise<{ position: string }>[] = []
    for (let round = 0; round < 8; round++) {
      for (const text of texts(200, `round ${round}`)) appends.push(log.append(entryOf(text)))
      await appends[appends.length - 150]
      wire.isDeaf = round % 2 === 0
      wire.cut()
      wire.isDeaf = false
    }
    const positions = await outcomes(appends)
    expect(positions).toEqual(Array.from({ length: 1600 }, (_, n) => String(n + 1)))
    const operator = await operate(engine)
    expect((await operator.api.streams.info(stream)).state.messages).toBe(1600)
  })

  it('is rejected in time while nobody answers, and not stored after what is appended later', async (context) => {
    const engine = await startNatsForTest(context)
    const stream = freshStream()
    const log = openLog({ servers: engine.url, stream, publishTimeout: 1_000 })
    await log.append(entryOf('before'))
    await freeze(engine)
    const began = performance.now()
    const lost = texts(3).map((text) => log.append(entryOf(text)))
    const [first] = await outcomes(lost)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(first).toMatch(
      /^SseError: NATS at 127\.0\.0\.1:\d+ did not answer within 1000 ms \(`publishTimeout`\).*It may have been accepted\.$/,
    )
    engine.resume()
    await appendUntilAccepted(log, 'after')
    const operator = await operate(engine)
    const stored = (await dataOf(operator, stream)).filter((text) => text !== '')
    // What was on its way when the server froze may be there, before: never after, never twice.
    expect(new Set(stored.slice(stored.indexOf('after')))).toEqual(new Set(['after']))
    expect(new Set(stored).size).toBe(stored.indexOf('after') + 1)
  })

  it('waits as long as it takes where it is told to', async (context) => {
    const engine = await startNatsForTest(context)
    const log = openLog({ servers: engine.url, stream: freshStream(), publishTimeout: false })
    await log.append(entryOf('before'))
    await engine.kill()
    const waiting = log.append(entryOf('meanwhile'))
    const late = log.append(entryOf('later'))
    await engine.restart()
    expect(await outcomes([waiting, late])).toEqual(['2', '3'])
  })

  it('that had not been sent when its time was over is not sent any more', async (context) => {
    const engine = await startNatsForTest(context)
    const stream = freshStream()
    const log = openLog({ servers: engine.url, stream, publishTimeout: 1_000 })
    await log.append(entryOf('before'))
    await engine.kill()
    const error = await log.append(entryOf('lost')).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SseError)
    expect(error).toMatchObject({ code: 'SSE_LOG' })
    await engine.restart()
    await appendUntilAccepted(log, 'after')
    const data = await dataOf(await operate(engine), stream)
    expect(new Set(data.filter((text) => text !== ''))).toEqual(new Set(['before', 'after']))
  })

  it('is refused if it is longer than a message may be, naming both limits, and no other is', async (context) => {
    const engine = await startNatsForTest(context, { config: ['max_payload: 4KB'] })
    const log = openLog({ servers: engine.url, stream: freshStream() })
    const appends = ['short', 'x'.repeat(5_000), 'short, too'].map((text) => log.append(entryOf(text)))
    const [first, second, third] = await outcomes(appends)
    expect([first, third]).toEqual(['1', '2'])
    expect(second).toMatch(/NATS.*takes 50\d\d bytes.*may have 4096.*`max_payload`.*`limits\.eventBytes`/)
    await expect(appends[1]).rejects.toMatchObject({ name: 'SseError', code: 'SSE_LOG' })
  })

  it('is refused if the stream takes no message as long', async (context) => {
    const engine = await server(context)
    const { api } = await operate(engine)
    const stream = freshStream()
    await api.streams.add({ name: stream, subjects: [`sse.${stream}`], max_msg_size: 1_000 })
    const log = openLog({ servers: engine.url, stream })
    await expect(log.append(entryOf('x'.repeat(2_000)))).rejects.toMatchObject({
      code: 'SSE_LOG',
      message: expect.stringMatching(/NATS.*longer than the stream takes.*max_msg_size/),
    })
  })

  it('is refused if there is no room left, and the log goes on', async (context) => {
    const engine = await startNatsForTest(context, { maxFile: '64KB' })
    const stream = freshStream()
    const log = openLog({ servers: engine.url, stream })
    const observer = new Observer(log)
    const appends = texts(20).map((text) => log.append(entryOf(text.padEnd(8_000, '.'))))
    const ends = await outcomes(appends)
    const refused = ends.filter((end) => end.startsWith('SseError'))
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]).toMatch(/NATS.*room left.*maxEvents/)
    await (await operate(engine)).api.streams.purge(stream)
    await appendUntilAccepted(log, 'room again')
    await observer.until('room again')
  })

  it('is refused if its user may not publish, naming what is missing', async (context) => {
    const stream = freshStream()
    const engine = await startNatsForTest(context, {
      config: [
        `authorization { users: [{ user: reader, password: secret, permissions: { publish: { deny: "sse.${stream}" } } }] }`,
      ],
    })
    const log = openLog({ servers: `nats://reader:secret@127.0.0.1:${engine.port}`, stream, publishTimeout: 400 })
    await expect(log.append(entryOf('one'))).rejects.toMatchObject({
      code: 'SSE_LOG',
      message: expect.stringMatching(new RegExp(`NATS.*may not do that.*sse\\.${stream}`)),
    })
  })

  it('is one message of text, with an id', async (context) => {
    const engine = await server(context)
    const stream = freshStream()
    const log = openLog({ servers: engine.url, stream })
    await log.append({ topic: 'stocks/AAPL', event: 'price', data: '{"p":1}', raw: false, key: 'AAPL' })
    const operator = await operate(engine)
    expect(await messagesOf(operator, stream)).toEqual(['sse/1 data\nstocks/AAPL\nprice\n"AAPL"\n{"p":1}'])
    const message = await operator.api.streams.getMessage(stream, { seq: 1 })
    expect(message?.header.get('Nats-Msg-Id')).toMatch(/^[0-9a-z]{12}-1$/)
  })
})

describe('an event that comes too late', () => {
  const server = sharedNats()
  const ACCEPTED = expect.stringMatching(/^[0-9]+$/)
  const OVERTAKEN = expect.stringMatching(/NATS.*stored a later event.*was not accepted/)

  /** The first copies of some events go to where no stream is: as when its leader has just changed. */
  const misdirect = (numbers: readonly number[]): Wire['edit'] => {
    const waiting = new Set(numbers)
    return (said) =>
      said.replace(/HPUB sse(\.\S+ \S+data-([0-9]+) \d+ \d+\r\n)/g, (message: string, rest: string, n: string) =>
        waiting.delete(Number(n)) ? `HPUB xxx${rest}` : message,
      )
  }

  async function stage(context: Parameters<typeof server>[0]) {
    const engine = await server(context)
    const wire = await Wire.to(engine.port)
    const stream = freshStream()
    const operator = await operate(engine)
    const log = openLog({ servers: wire.url, stream })
    const observer = new Observer(log)
    await observer.attached()
    return { wire, stream, operator, log, observer, append: () => texts(5).map((text) => log.append(entryOf(text))) }
  }

  it('is refused where nobody took it, and what came after it is stored', async (context) => {
    const { wire, operator, stream, append } = await stage(context)
    wire.edit = misdirect([2, 3])
    expect(await outcomes(append())).toEqual(['1', OVERTAKEN, OVERTAKEN, '2', '3'])
    expect(await dataOf(operator, stream)).toEqual(['event 0', 'event 3', 'event 4'])
  })

  it('is sent again if nothing came after it', async (context) => {
    const { wire, operator, stream, append } = await stage(context)
    wire.edit = misdirect([3, 4, 5])
    expect(await outcomes(append())).toEqual(['1', '2', '3', '4', '5'])
    expect(await dataOf(operator, stream)).toEqual(texts(5))
  })

  it('is refused where it got lost, and what may still arrive of it is not stored', async (context) => {
    const { wire, operator, stream, observer, log, append } = await stage(context)
    const lost: Uint8Array[] = []
    operator.connection.subscribe('xxx.>', { callback: (_, { data }) => void lost.push(data) })
    await operator.connection.flush()
    wire.edit = misdirect([2])
    expect(await outcomes(append())).toEqual(['1', OVERTAKEN, '2', '3', '4'])
    const stored = await operator.api.streams.getMessage(stream, { seq: 1 })
    const head = headers()
    head.set('Nats-Msg-Id', String(stored?.header.get('Nats-Msg-Id').replace('-1', '-2')))
    const late = await operator.connection.request(`sse.${stream}`, lost[0], { headers: head, timeout: 2_000 })
    expect(late.json()).toMatchObject({ duplicate: true })
    await log.append(entryOf('after'))
    await observer.until('after')
    const events = observer.received.filter(({ topic }) => !topic.startsWith('sse.'))
    expect(events.map(({ data }) => data)).toEqual(['event 0', 'event 2', 'event 3', 'event 4', 'after'])
  })

  it('is not stored any more once its time is over', async (context) => {
    const { wire, operator, stream } = await stage(context)
    operator.connection.subscribe('xxx.>', { callback: () => {} })
    await operator.connection.flush()
    const log = openLog({ servers: wire.url, stream, publishTimeout: 1_000 })
    const lost = (said: string) => said.replaceAll('HPUB sse.', 'HPUB xxx.')
    wire.edit = lost
    expect(await outcomes([log.append(entryOf('late'))])).toEqual([expect.stringMatching(/It may have been accepted/)])
    wire.edit = (said) => said
    await log.append(entryOf('after'))
    expect((await dataOf(operator, stream)).filter((text) => text !== '')).toEqual(['after'])
  })

  it('is refused also if all answers are lost, and those of the others are found', async (context) => {
    const { wire, operator, stream, append } = await stage(context)
    operator.connection.subscribe('xxx.>', { callback: () => {} })
    await operator.connection.flush()
    wire.edit = misdirect([2, 5])
    wire.isDeaf = true
    const appends = append()
    await expect.poll(async () => (await operator.api.streams.info(stream)).state.last_seq).toBe(3)
    wire.cut()
    wire.isDeaf = false
    // What was lost alone comes later than what followed it where the server cannot be asked (README, Limits).
    const isAskable = Number(operator.connection.info?.version.split('.')[1]) <= 10
    expect(await outcomes(appends)).toEqual(['1', isAskable ? OVERTAKEN : '4', '2', '3', ACCEPTED])
    const data = await dataOf(operator, stream)
    const inOrder = ['event 0', 'event 2', 'event 3', ...(isAskable ? [] : ['event 1']), 'event 4']
    expect(data.filter((text) => text !== '')).toEqual(inOrder)
  })
})

describe('a log that only appends', () => {
  const server = sharedNats()

  it('[L3] notices that the stream was made anew, also if that has more by now', async (context) => {
    const engine = await server(context)
    const stream = freshStream()
    const log = openLog({ servers: engine.url, stream })
    const before = await log.append(entryOf('before'))
    await recreate(await operate(engine), stream)
    const other = openLog({ servers: engine.url, stream })
    const places = await Promise.all(texts(9).map((text) => other.append(entryOf(text))))
    expect(places[0]?.epoch).not.toBe(before.epoch)
    await vi.waitFor(async () => expect((await log.append(entryOf('x'))).epoch).toBe(places[0]?.epoch), 3_000)
  })

  it('tells the new epoch at once if the stream was made anew, and has no more than it had', async (context) => {
    const engine = await server(context)
    const stream = freshStream()
    const log = openLog({ servers: engine.url, stream, probeInterval: 60_000 })
    const before = await log.append(entryOf('before'))
    await recreate(await operate(engine), stream)
    const after = await log.append(entryOf('after'))
    expect(after.position).toBe('1')
    expect(after.epoch).not.toBe(before.epoch)
  })

  it('tells no place twice where the stream was restored meanwhile, though nobody was disconnected', async (context) => {
    const engine = await server(context)
    const operator = await operate(engine)
    const stream = freshStream()
    const log = openLog({ servers: engine.url, stream, probeInterval: 60_000 })
    const appendAll = (all: string[]) => Promise.all(all.map((text) => log.append(entryOf(text))))
    const [before] = await appendAll(texts(3))
    const restore = await backUp(operator, stream)
    await appendAll(texts(2, 'lost'))
    await restore()
    const places = await appendAll(texts(5, 'new'))
    // To newer servers what was restored is created anew: another epoch without a mark.
    const epoch = epochOf(await operator.api.streams.info(stream))
    expect(epoch).not.toBe(before?.epoch)
    expect(places).toEqual([4, 5, 6, 7, 8].map((n) => ({ epoch, position: String(n) })))
    expect(await dataOf(operator, stream)).toEqual([...texts(3), ...texts(5, 'new')])
  })

  it('takes a stream that was made anew while answers were lost for what it is', async (context) => {
    const engine = await server(context)
    const operator = await operate(engine)
    const wire = await Wire.to(engine.port)
    const stream = freshStream()
    const log = openLog({ servers: wire.url, stream, probeInterval: 60_000 })
    await Promise.all(texts(5).map((text) => log.append(entryOf(text))))
    wire.isDeaf = true
    const waiting = log.append(entryOf('waiting'))
    await expect.poll(async () => (await operator.api.streams.info(stream)).state.last_seq).toBe(6)
    await recreate(operator, stream)
    wire.isDeaf = false
    wire.cut()
    const info = await operator.api.streams.info(stream)
    expect(await waiting).toEqual({ epoch: epochOf(info), position: '1' })
    await log.append(entryOf('after'))
    expect(markOf(await operator.api.streams.info(stream))).toBe(0)
  })

  it('holds no connection after `release()`, and may be used again', async (context) => {
    const engine = await server(context)
    const wire = await Wire.to(engine.port)
    const log = openLog({ servers: wire.url, stream: freshStream() })
    await log.release?.()
    const appends = texts(3).map((text) => log.append(entryOf(text)))
    await log.release?.()
    expect(await outcomes(appends)).toEqual(['1', '2', '3'])
    await until(() => wire.size === 0)
    expect(await outcomes([log.append(entryOf('again'))])).toEqual(['4'])
    expect(wire.size).toBe(1)
  })

  it('goes on where it was let go of while nobody answered', async (context) => {
    const engine = await startNatsForTest(context)
    const stream = freshStream()
    const log = openLog({ servers: engine.url, stream, publishTimeout: 1_000 })
    await log.append(entryOf('before'))
    await freeze(engine)
    const lost = outcomes(texts(3).map((text) => log.append(entryOf(text))))
    await log.release?.()
    expect((await lost).every((end) => end.includes('did not answer'))).toBe(true)
    engine.resume()
    const again = await appendUntilAccepted(log, 'after')
    const data = (await dataOf(await operate(engine), stream)).filter((text) => text !== '')
    expect(data.at(-1)).toBe('after')
    expect(again).toBeDefined()
  })

  it('is let go of though nobody answers', async () => {
    const log = openLog({ servers: 'nats://127.0.0.1:1', stream: freshStream(), publishTimeout: 200 })
    const appends = texts(2).map((text) => log.append(entryOf(text)))
    const ends = outcomes(appends)
    await log.release?.()
    expect(await ends).toEqual([
      expect.stringMatching(/NATS at 127\.0\.0\.1:1 did not answer within 200 ms.*refused.*It was not accepted/),
      expect.stringMatching(/It was not accepted/),
    ])
  })
})
