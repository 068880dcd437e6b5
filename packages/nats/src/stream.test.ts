import { DiscardPolicy, RetentionPolicy, type StreamConfig } from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import { sharedNats, startNatsForTest } from '@sse/tooling/engines-for-test'
import { describe, expect, it } from 'vitest'
import { entryOf, Observer } from '../test/observer.ts'
import { freshStream, openLog, operate } from '../test/stage.ts'

describe('the stream', () => {
  const server = sharedNats()

  it('is made as the options say', async (context) => {
    const engine = await server(context)
    const stream = freshStream()
    const log = openLog({
      servers: engine.url,
      stream,
      maxEvents: 500,
      maxBytes: 100_000,
      storage: 'memory',
      publishTimeout: 300_000,
    })
    await log.append(entryOf('one'))
    const { config } = await (await operate(engine)).api.streams.info(stream)
    expect(config).toMatchObject({
      subjects: [`sse.${stream}`],
      retention: 'limits',
      discard: 'old',
      max_msgs: 500,
      max_bytes: 100_000,
      storage: 'memory',
      num_replicas: 1,
      duplicate_window: nanos(300_000),
    })
  })

  it('keeps twice the ring of the hub, and 20,000 events at least', async (context) => {
    const engine = await server(context)
    const { api } = await operate(engine)
    for (const [ring, kept] of [
      [100, 20_000],
      [30_000, 60_000],
    ]) {
      const stream = freshStream()
      const observer = new Observer(openLog({ servers: engine.url, stream }), { maxEvents: Number(ring) })
      await observer.attached()
      expect((await api.streams.info(stream)).config.max_msgs).toBe(kept)
    }
  })

  it('is one, though several nodes make it at the same time, with other options', async (context) => {
    const engine = await server(context)
    const stream = freshStream()
    const logs = [1_000, 2_000, 3_000].map((maxEvents) => openLog({ servers: engine.url, stream, maxEvents }))
    const places = await Promise.all(logs.map((log) => log.append(entryOf('one'))))
    expect(places.map(({ position }) => position).sort()).toEqual(['1', '2', '3'])
    expect(new Set(places.map(({ epoch }) => epoch)).size).toBe(1)
  })

  const unusable: [problem: string, config: Partial<StreamConfig>, message: RegExp][] = [
    ['keeps less than the ring', { max_msgs: 50 }, /keeps 50 events, less than the hub's ring \(100\)/],
    ['keeps less than the ring of the one subject', { max_msgs_per_subject: 60 }, /keeps 60 events, less/],
    ['has another subject', { subjects: ['elsewhere.*'] }, /does not have the subject `sse\./],
    ['forgets what was read', { retention: RetentionPolicy.Workqueue }, /retention `workqueue`, it must be `limits`/],
    ['refuses what is new', { max_msgs: 1_000, discard: DiscardPolicy.New }, /discard policy `new`, it must be `old`/],
    [
      'knows copies for a moment only',
      { duplicate_window: nanos(1_000) },
      /`duplicate_window` of 1000 ms.*`publishTimeout` \(5000 ms\)/,
    ],
    ['does not answer', { no_ack: true }, /does not acknowledge/],
  ]
  it.for(unusable)('is refused if it %s', async ([_, config, message], context) => {
    const engine = await server(context)
    const { api } = await operate(engine)
    const stream = freshStream()
    await api.streams.add({ name: stream, subjects: [`sse.${stream}`], ...config })
    const log = openLog({ servers: engine.url, stream, publishTimeout: 5_000 })
    const observer = new Observer(log, { maxEvents: 100 })
    const error = await observer.detached()
    expect(error).toMatchObject({ code: 'SSE_LOG' })
    expect(error.message).toMatch(/^NATS at 127\.0\.0\.1:\d+: the stream `stream-/)
    expect(error.message).toMatch(message)
    await api.streams.delete(stream)
    await observer.attached()
  })

  it.for(['sse.*', 'sse.>'])('may have the subject within %s', async (pattern, context) => {
    const engine = await startNatsForTest(context)
    const { api } = await operate(engine)
    await api.streams.add({ name: 'wide', subjects: [pattern] })
    const log = openLog({ servers: engine.url, stream: 'wide' })
    expect((await log.append(entryOf('one'))).position).toBe('1')
  })

  it('that is to keep less than the ring is refused at once', async (context) => {
    const engine = await server(context)
    const log = openLog({ servers: engine.url, maxEvents: 500 })
    expect(() => new Observer(log, { maxEvents: 501 })).toThrow(
      expect.objectContaining({
        code: 'SSE_INVALID_FIELD',
        message: expect.stringMatching(/`maxEvents`.*\(501\).*not 500/),
      }),
    )
  })

  it('that its user may not make is asked for', async (context) => {
    const permissions = '{ publish: { deny: ["$JS.API.STREAM.CREATE.>"] } }'
    const engine = await startNatsForTest(context, {
      config: [`authorization { users: [{ user: a, password: b, permissions: ${permissions} }] }`],
    })
    const observer = new Observer(openLog({ servers: `a:b@127.0.0.1:${engine.port}`, stream: 'none' }))
    expect((await observer.detached()).message).toMatch(
      /NATS.*no stream `none`, and it cannot be made: .*may not do that.*STREAM\.CREATE/,
    )
  })

  it('of which there is no room for the replicas is not made', async (context) => {
    const engine = await server(context)
    const observer = new Observer(openLog({ servers: engine.url, stream: freshStream(), replicas: 3 }))
    expect((await observer.detached()).message).toMatch(/NATS.*cannot be made: `replicas` needs a cluster/)
  })

  it('whose subject another stream has is not made', async (context) => {
    const engine = await server(context)
    const stream = freshStream()
    const { api } = await operate(engine)
    await api.streams.add({ name: `other-${stream}`, subjects: [`sse.${stream}`] })
    const observer = new Observer(openLog({ servers: engine.url, stream }))
    expect((await observer.detached()).message).toMatch(/NATS.*another stream has its subject/)
  })
})

describe('a server that cannot be used', () => {
  it('is told of where a password is wrong', async (context) => {
    const engine = await startNatsForTest(context, { token: 'secret' })
    const observer = new Observer(openLog({ servers: `nats://wrong@127.0.0.1:${engine.port}` }))
    const error = await observer.detached()
    expect(error).toMatchObject({ name: 'SseError', code: 'SSE_LOG' })
    expect(error.message).toMatch(/^NATS at 127\.0\.0\.1:\d+: the user name, password or token is wrong/)
    expect(error.message).not.toContain('wrong@')
    const right = openLog({ servers: engine.url })
    expect((await right.append(entryOf('one'))).position).toBe('1')
  })

  it('is told of where JetStream is not enabled for the account', async (context) => {
    const engine = await startNatsForTest(context, {
      config: ['accounts { APP { users: [{ user: a, password: b }] } }'],
    })
    const observer = new Observer(openLog({ servers: `a:b@127.0.0.1:${engine.port}` }))
    expect((await observer.detached()).message).toMatch(/NATS.*JetStream is not enabled/)
  })

  it('is told of where it forbids to read', async (context) => {
    const permissions = '{ publish: { deny: ["$JS.API.CONSUMER.CREATE.>"] } }'
    const engine = await startNatsForTest(context, {
      config: [`authorization { users: [{ user: a, password: b, permissions: ${permissions} }] }`],
    })
    const observer = new Observer(openLog({ servers: `a:b@127.0.0.1:${engine.port}` }))
    expect((await observer.detached()).message).toMatch(/NATS.*may not do that.*CONSUMER\.CREATE/)
  })
})
