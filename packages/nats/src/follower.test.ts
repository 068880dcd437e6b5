import { subscribe } from 'node:diagnostics_channel'
import { connect } from '@nats-io/transport-node'
import type { SseError } from '@sse/core'
import { sharedNats, startNatsForTest } from '@sse/tooling/engines-for-test'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { entryOf, Observer, texts, until } from '../test/observer.ts'
import { freeze, freshStream, openLog, operate, recreate } from '../test/stage.ts'
import { Wire } from '../test/wire.ts'

const PROBE = 100

/** What a server says, without some of the messages that a consumer delivers. */
function withoutMessages(said: string, isLost: (text: string) => boolean): string {
  let rest = said
  let kept = ''
  for (let found = HEAD.exec(rest); found !== null; found = HEAD.exec(rest)) {
    const end = found.index + found[0].length + Number(found[1]) + 2
    const text =
      rest
        .slice(found.index, end - 2)
        .split('\n')
        .at(-1) ?? ''
    kept += rest.slice(0, isLost(text) ? found.index : end)
    rest = rest.slice(end)
  }
  return kept + rest
}

const HEAD = /HMSG \S+ \d+ \$JS\.ACK\.\S+ \d+ (\d+)\r\n/

describe('who follows a stream', () => {
  const server = sharedNats()

  async function stage(context: Parameters<typeof server>[0], options = {}) {
    const engine = await server(context)
    const stream = freshStream()
    const log = openLog({ servers: engine.url, stream, probeInterval: PROBE, ...options })
    const operator = await operate(engine)
    return {
      engine,
      stream,
      log,
      operator,
      append: (...all: string[]) => Promise.all(all.map((text) => log.append(entryOf(text)))),
    }
  }

  it('[L3] that was deleted and made anew is told of another epoch, and gets all that is in it', async (context) => {
    const { stream, log, operator, append } = await stage(context)
    const observer = new Observer(log)
    await append(...texts(5))
    await observer.until('event 4')
    await recreate(operator, stream)
    const other = openLog({ servers: (await server(context)).url, stream })
    // More than there was: by its sequences alone nothing would show.
    await Promise.all(texts(20, 'new').map((text) => other.append(entryOf(text))))
    await observer.until('new 19')
    expect(observer.texts).toEqual([...texts(5), ...texts(20, 'new')])
    const [before, after] = observer.attachments
    expect(after).toMatchObject({ floor: '0', head: '20' })
    expect(after?.epoch).not.toBe(before?.epoch)
    expect((await other.append(entryOf('x'))).epoch).toBe(after?.epoch)
  })

  it('[L3] that is deleted while nobody publishes notices it, and makes it anew', async (context) => {
    const { stream, log, operator, append } = await stage(context)
    const observer = new Observer(log)
    await append('one')
    await observer.until('one')
    await operator.api.streams.delete(stream)
    const { epoch, floor } = await observer.attached(2)
    expect([epoch === observer.epochs[0], floor]).toEqual([false, '0'])
    await append('two')
    await observer.until('two')
  })

  it('is told of what was purged, though nothing new comes, in the same epoch', async (context) => {
    const { stream, operator, append } = await stage(context)
    await append(...texts(5))
    const wire = await Wire.to((await server(context)).port)
    const observer = new Observer(openLog({ servers: wire.url, stream, probeInterval: PROBE }))
    await observer.until('event 4')
    wire.isOpen = false
    wire.cut()
    await observer.detached()
    await append(...texts(3, 'unread'))
    await operator.api.streams.purge(stream)
    wire.isOpen = true
    const [first, second] = [await observer.attached(1), await observer.attached(2)]
    expect(second).toEqual({ epoch: first.epoch, floor: '8', head: '8' })
    await append('after')
    await observer.until('after')
    expect(observer.texts).toEqual([...texts(5), 'after'])
  })

  it('is told nothing of a purge of what it has read', async (context) => {
    const { stream, log, operator, append } = await stage(context)
    const observer = new Observer(log)
    await append(...texts(5))
    await observer.until('event 4')
    await operator.api.streams.purge(stream)
    await append('after')
    await observer.until('after')
    expect([observer.attachments.length, observer.errors]).toEqual([1, []])
  })

  it('is told of what was trimmed while it was away', async (context) => {
    const engine = await server(context)
    const wire = await Wire.to(engine.port)
    const stream = freshStream()
    const near = openLog({ servers: engine.url, stream, maxEvents: 10 })
    await near.append(entryOf('first'))
    const observer = new Observer(openLog({ servers: wire.url, stream, maxEvents: 10 }), { maxEvents: 10 })
    await observer.until('first')
    wire.isOpen = false
    wire.cut()
    await observer.detached()
    await Promise.all(texts(30).map((text) => near.append(entryOf(text))))
    wire.isOpen = true
    await observer.until('event 29')
    expect(observer.attachments).toMatchObject([{ floor: '0' }, { floor: '21', head: '31' }])
    expect(new Set(observer.epochs).size).toBe(1)
    expect(observer.texts).toEqual(['first', ...texts(30).slice(-10)])
  })

  it('is told of a single message that was deleted before it was read', async (context) => {
    const { stream, log, operator, append } = await stage(context)
    const wire = await Wire.to((await server(context)).port)
    const observer = new Observer(openLog({ servers: wire.url, stream, probeInterval: PROBE }))
    await append('one')
    await observer.until('one')
    wire.isOpen = false
    wire.cut()
    await observer.detached()
    await append('two', 'three', 'four')
    await operator.api.streams.deleteMessage(stream, 3)
    wire.isOpen = true
    await observer.until('four')
    expect(observer.texts).toEqual(['one', 'two', 'four'])
    expect(observer.attachments.map(({ floor }) => floor)).toEqual(['0', '1', '3'])
    const late = new Observer(log)
    await late.until('four')
    expect([late.texts, late.attachments.map(({ floor }) => floor)]).toEqual([['four'], ['3']])
  })

  it('is ready though the newest messages were deleted', async (context) => {
    const { stream, log, operator, append } = await stage(context)
    await append('one', 'two', 'three')
    await operator.api.streams.deleteMessage(stream, 3)
    const observer = new Observer(log)
    expect(await observer.attached()).toMatchObject({ floor: '0', head: '2' })
    await observer.until('two')
    await append('four')
    await observer.until('four')
    expect(observer.texts).toEqual(['one', 'two', 'four'])
    expect(observer.attachments.at(-1)).toMatchObject({ floor: '3' })
  })

  it('passes what is not ours, and the application is told', async (context) => {
    const onError = vi.fn<(error: SseError) => void>()
    const { stream, log, operator, append } = await stage(context, { onError })
    await append('one')
    operator.connection.publish(`sse.${stream}`, '{"not":"ours"}')
    operator.connection.publish(`sse.${stream}`, new Uint8Array([0xff, 0xfe]))
    await operator.connection.flush()
    const observer = new Observer(log)
    expect(await observer.attached()).toMatchObject({ head: '3' })
    await append('two')
    await observer.until('two')
    expect(observer.received.map(({ topic, position }) => [topic, position])).toEqual([
      ['t', '1'],
      ['sse.foreign', '2'],
      ['sse.foreign', '3'],
      ['t', '4'],
    ])
    const [[error] = []] = onError.mock.calls
    expect(error).toMatchObject({
      code: 'SSE_LOG',
      message: expect.stringMatching(/NATS.*2 messages that are not ours.*skipped/),
    })
    expect(observer.errors).toEqual([])
  })

  it('gets no more of the past than it asks for, in events and in bytes', async (context) => {
    const { log, append } = await stage(context)
    await append(...texts(50).map((text) => text.padEnd(100)))
    const byEvents = new Observer(log, { maxEvents: 7 })
    const byBytes = new Observer(log, { maxBytes: 1_050 })
    await until(() => byEvents.received.length === 7 && byBytes.received.length === 10)
    expect(byEvents.attachments).toMatchObject([{ floor: '43', head: '50' }])
    expect(byBytes.attachments).toMatchObject([{ floor: '40', head: '50' }])
  })

  it('[L4] is told within two probes that a server is frozen, and goes on when it is back', async (context) => {
    const engine = await startNatsForTest(context)
    const log = openLog({ servers: engine.url, stream: freshStream(), probeInterval: 200 })
    const observer = new Observer(log)
    await log.append(entryOf('before'))
    await observer.until('before')
    await freeze(engine)
    const began = performance.now()
    expect(await observer.detached()).toMatchObject({
      code: 'SSE_LOG',
      message: expect.stringMatching(/NATS at 127.*no answer in time/),
    })
    expect(performance.now() - began).toBeLessThan(2 * 200 + 150)
    engine.resume()
    await observer.attached(2)
    await log.append(entryOf('after'))
    await observer.until('after')
    expect(observer.texts).toEqual(['before', 'after'])
    expect(new Set(observer.epochs).size).toBe(1)
  })

  it('[L4] leaves no sockets open where a frozen server takes connections, and says nothing', async (context) => {
    const engine = await startNatsForTest(context)
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCPSocket')).length
    const before = sockets()
    let attempts = 0
    subscribe('net.client.socket', () => attempts++)
    const observer = new Observer(openLog({ servers: engine.url, stream: freshStream() }))
    await observer.attached()
    await freeze(engine)
    await until(() => attempts > 5)
    await observer.stop()
    await until(() => sockets() <= before)
  })

  it('[L4] is told the same on a connection that was given, which is not closed', async (context) => {
    const engine = await startNatsForTest(context)
    const connection = await connect({
      port: engine.port,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
      timeout: 500,
    })
    onTestFinished(() => connection.close())
    const log = openLog({ connection, stream: freshStream(), probeInterval: 200 })
    const observer = new Observer(log)
    await log.append(entryOf('before'))
    await observer.until('before')
    await freeze(engine)
    const began = performance.now()
    await observer.detached()
    expect(performance.now() - began).toBeLessThan(2 * 200 + 150)
    engine.resume()
    await observer.attached(2)
    await log.append(entryOf('after'))
    await observer.until('after')
    expect(observer.texts).toEqual(['before', 'after'])
    await observer.stop()
    await log.release?.()
    expect(connection.isClosed()).toBe(false)
  })

  it('[L4] notices that the connection was given up by its client', async (context) => {
    const engine = await startNatsForTest(context)
    const connection = await connect({ port: engine.port, reconnect: false })
    const log = openLog({ connection, stream: freshStream() })
    const observer = new Observer(log)
    await observer.attached()
    await connection.close()
    await until(() => observer.errors.some(({ message }) => /NATS.*given to natsLog is closed.*function/.test(message)))
  })

  it('[L4] goes on over a connection that was given and hangs, while its client waits for minutes', async (context) => {
    const { stream, append } = await stage(context)
    const wire = await Wire.to((await server(context)).port)
    const connection = await connect({ servers: wire.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
    onTestFinished(() => connection.close())
    const observer = new Observer(openLog({ connection, stream, probeInterval: 200 }))
    await append('before')
    await observer.until('before')
    wire.hang()
    await append('meanwhile')
    await observer.until('meanwhile')
    expect(observer.texts).toEqual(['before', 'meanwhile'])
  })

  it('gets what was lost on the way, once and in order', async (context) => {
    const { stream, append } = await stage(context)
    const wire = await Wire.to((await server(context)).port)
    const observer = new Observer(openLog({ servers: wire.url, stream, probeInterval: PROBE }))
    await append('before')
    await observer.until('before')
    let lost = 0
    wire.editAnswer = (said) => withoutMessages(said, (text) => text === 'event 2' && lost++ === 0)
    for (const text of texts(5)) await append(text)
    await observer.until('event 4')
    expect([observer.texts, lost > 0]).toEqual([['before', ...texts(5)], true])
    expect(observer.attachments.map(({ floor }) => floor)).toEqual(['0', '3'])
  })

  it('gets what was lost on the way, also if nothing comes after it', async (context) => {
    const { stream, append } = await stage(context)
    const wire = await Wire.to((await server(context)).port)
    const observer = new Observer(openLog({ servers: wire.url, stream, probeInterval: 500 }))
    await append('before')
    await observer.until('before')
    let lost = 0
    wire.editAnswer = (said) => withoutMessages(said, (text) => text === 'last' && lost++ === 0)
    await append('last')
    await observer.until('last')
    expect([observer.texts, lost > 0]).toEqual([['before', 'last'], true])
    expect(observer.errors.at(0)?.message).toMatch(/lost on their way/)
  })

  it('[L4] notices that it is sent nothing, though the server says that all is well', async (context) => {
    const { stream, append } = await stage(context)
    const wire = await Wire.to((await server(context)).port)
    const observer = new Observer(openLog({ servers: wire.url, stream, probeInterval: PROBE }))
    await append('before')
    await observer.until('before')
    wire.editAnswer = (said) =>
      withoutMessages(said, () => true).replaceAll(/Nats-Last-Consumer: \d+/g, (line) => line.replaceAll(/\d/g, '0'))
    await append('after')
    expect((await observer.detached()).message).toMatch(/does not send what it has/)
    wire.editAnswer = (said) => said
    await observer.until('after')
    expect(observer.texts).toEqual(['before', 'after'])
  })

  it('[L4] notices that its consumer was deleted, also while nothing is published', async (context) => {
    const { stream, log, operator, append } = await stage(context)
    const observer = new Observer(log)
    await append('one')
    await observer.until('one')
    for await (const { name } of operator.api.consumers.list(stream)) await operator.api.consumers.delete(stream, name)
    await observer.attached(2)
    expect((await operator.api.streams.info(stream)).state.consumer_count).toBe(1)
  })

  it('[L4] notices that its consumer was deleted', async (context) => {
    const { stream, log, operator, append } = await stage(context)
    const observer = new Observer(log)
    await append('one')
    await observer.until('one')
    for await (const { name } of operator.api.consumers.list(stream)) await operator.api.consumers.delete(stream, name)
    await append('two')
    await observer.until('two')
    expect(observer.texts).toEqual(['one', 'two'])
  })

  it('survives restarts of the server, in the same epoch, with nothing lost or doubled', async (context) => {
    const engine = await startNatsForTest(context)
    const log = openLog({ servers: engine.url, stream: freshStream() })
    const observer = new Observer(log)
    const appends: Promise<unknown>[] = []
    for (const round of ['a', 'b', 'c']) {
      for (const text of texts(50, round)) appends.push(log.append(entryOf(text)))
      await appends.at(-40)
      await engine.kill()
      await engine.restart()
    }
    await Promise.all(appends)
    await observer.until('c 49')
    expect(observer.texts).toEqual(['a', 'b', 'c'].flatMap((round) => texts(50, round)))
    expect(new Set(observer.epochs).size).toBe(1)
  })

  it('leaves nothing behind when it stops', async (context) => {
    const engine = await server(context)
    const wire = await Wire.to(engine.port)
    const { stream, operator } = await stage(context)
    const log = openLog({ servers: wire.url, stream })
    const observer = new Observer(log)
    await log.append(entryOf('one'))
    await observer.until('one')
    expect((await operator.api.streams.info(stream)).state.consumer_count).toBe(1)
    await observer.stop()
    expect((await operator.api.streams.info(stream)).state.consumer_count).toBe(0)
    expect(wire.size).toBe(1)
    await log.release?.()
    await until(() => wire.size === 0)
    expect(observer.errors).toEqual([])
  })

  it('can be stopped before there is a server, and while there is none', async () => {
    const log = openLog({ servers: 'nats://127.0.0.1:1', stream: freshStream() })
    const early = new Observer(log)
    await early.stop()
    expect(early.errors).toEqual([])
    const observer = new Observer(log)
    expect(await observer.detached()).toMatchObject({
      code: 'SSE_LOG',
      message: expect.stringMatching(/^NATS at 127\.0\.0\.1:1: .*refused/),
    })
    await observer.stop()
  })
})
