import { connect } from '@nats-io/transport-node'
import { sharedNats, startNatsForTest } from '@sse/tooling/engines-for-test'
import { describe, expect, it, onTestFinished } from 'vitest'
import { entryOf, Observer, until } from '../test/observer.ts'
import { freshStream, openLog, operate } from '../test/stage.ts'
import { Wire } from '../test/wire.ts'

describe('where a log connects to', () => {
  const server = sharedNats()

  it('is one of several servers, of which some may not be there', async (context) => {
    const { url } = await server(context)
    const log = openLog({ servers: ['127.0.0.1:1', url], stream: freshStream() })
    expect((await log.append(entryOf('one'))).position).toBe('1')
  })

  it('may need a user and a password, which are decoded, or a token', async (context) => {
    const config = ['authorization { users: [{ user: "a b", password: "p@ss:word/" }] }']
    const { port } = await startNatsForTest(context, { config })
    const log = openLog({ servers: `nats://a%20b:p%40ss%3Aword%2F@127.0.0.1:${port}` })
    expect((await log.append(entryOf('one'))).position).toBe('1')
    const { url } = await startNatsForTest(context, { token: 'secret' })
    expect((await openLog({ servers: url }).append(entryOf('one'))).position).toBe('1')
  })

  it('must speak TLS where that was asked for', async (context) => {
    const { port } = await server(context)
    const observer = new Observer(openLog({ servers: `tls://127.0.0.1:${port}` }))
    expect((await observer.detached()).message).toMatch(/NATS.*tls/)
  })

  it('is asked for by a function for each connection, which the log closes', async (context) => {
    const wire = await Wire.to((await server(context)).port)
    let made = 0
    const log = openLog({
      stream: freshStream(),
      connection: () => {
        made++
        return connect({ servers: wire.url, reconnect: false })
      },
    })
    expect(made).toBe(0)
    const observer = new Observer(log)
    await observer.attached()
    await log.append(entryOf('one'))
    expect(made).toBe(1)
    wire.cut()
    await observer.attached(2)
    expect(made).toBe(2)
    await observer.stop()
    await log.release?.()
    await until(() => wire.size === 0)
  })

  it('is asked ever less often while it does not give what is needed', async (context) => {
    const engine = await server(context)
    const stream = freshStream()
    const { api } = await operate(engine)
    await api.streams.add({ name: stream, subjects: [`sse.${stream}`], max_consumers: 1 })
    await api.consumers.add(stream, { durable_name: 'the-only-one' })
    const times: number[] = []
    const connection = () => {
      times.push(performance.now())
      return connect({ servers: engine.url, reconnect: false })
    }
    const observer = new Observer(openLog({ connection, stream, probeInterval: 2_000 }))
    expect((await observer.detached()).message).toMatch(/NATS.*maximum consumers limit/)
    await until(() => times.length === 7)
    expect(Number(times[6]) - Number(times[5])).toBeGreaterThan(500)
    await api.consumers.delete(stream, 'the-only-one')
    await observer.attached()
  })

  it('may be told by a function that fails, or throws: it is asked again', async (context) => {
    const { port } = await server(context)
    const reasons = [
      () => Promise.reject(new Error('no address yet')),
      () => {
        throw new Error('no configuration yet')
      },
    ]
    const log = openLog({
      stream: freshStream(),
      connection: async () => (reasons.shift() ?? (() => connect({ port })))(),
    })
    const observer = new Observer(log)
    await observer.attached()
    expect(observer.errors.map(({ message }) => message)).toEqual([
      'NATS: no address yet',
      'NATS: no configuration yet',
    ])
  })

  it('may be drained by its owner at any time: what comes then is rejected', async (context) => {
    const { port } = await server(context)
    const connection = await connect({ port })
    const log = openLog({ connection, stream: freshStream(), publishTimeout: 500 })
    const observer = new Observer(log)
    await log.append(entryOf('one'))
    await observer.until('one')
    const draining = connection.drain()
    const late = new Observer(log)
    const ends = await Promise.allSettled(['two', 'three'].map((text) => log.append(entryOf(text))))
    await draining
    expect((await late.detached()).message).toMatch(/^NATS: .*(closed|lost)/)
    for (const end of ends.filter(({ status }) => status === 'rejected')) {
      expect(end).toMatchObject({ reason: { code: 'SSE_LOG', message: expect.stringMatching(/^NATS did not answer/) } })
    }
    await until(() => observer.errors.some(({ message }) => message.includes('closed')))
  })

  it('is the connection that was given, for any number of logs', async (context) => {
    const { port } = await server(context)
    const connection = await connect({ port })
    onTestFinished(() => connection.close())
    const logs = [1, 2, 3].map(() => openLog({ connection, stream: freshStream() }))
    const observers = logs.map((log) => new Observer(log))
    await Promise.all(logs.map((log, n) => log.append(entryOf(`to ${n}`))))
    for (const [n, observer] of observers.entries()) await observer.until(`to ${n}`)
    expect(observers.map(({ texts }) => texts)).toEqual([['to 0'], ['to 1'], ['to 2']])
  })
})
