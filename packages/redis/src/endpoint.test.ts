import { SseError } from '@sse/core'
import { freePort } from '@sse/tooling/engines'
import { sharedRedis, startRedisForTest } from '@sse/tooling/engines-for-test'
import { Cluster, Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { createClient, createClientPool, createCluster, createSentinel, RESP_TYPES } from 'redis'
import { createClient as createClient5 } from 'redis5'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { CLIENTS } from '../test/clients.ts'
import { openSockets } from '../test/open-sockets.ts'
import { tcpServerForTest } from '../test/tcp-server.ts'
import { endpointOf, type RedisClient, type RedisConnection, type RedisEndpoint } from './endpoint.ts'
import { urlEndpoint } from './url.ts'

/** More than any answer takes here, in milliseconds. */
const PATIENCE = 5_000

const redis = sharedRedis()

/** A connection that is gone when its test has finished. */
async function open(endpoint: RedisEndpoint): Promise<RedisConnection> {
  const connection = await endpoint.connect(PATIENCE)
  onTestFinished(() => connection.destroy())
  return connection
}

/** How many clients a server has, itself and whoever asks not counted. */
async function clientsOf(connection: RedisConnection): Promise<number> {
  const list = String(await connection.send(['CLIENT', 'LIST']))
  return list.trim().split('\n').length - 1
}

/** The same, but for one method. */
function without(name: string, client: object): object {
  return new Proxy(client, { has: (target, key) => key !== name && key in target })
}

describe.each(CLIENTS)('a connection of $name', ({ create }) => {
  it('answers as Redis does, in strings, numbers, null and arrays', async (context) => {
    const { port } = await redis(context)
    const connection = await open(endpointOf({ client: create({ port }) }))
    await connection.send(['DEL', 'h', 's'])
    expect(await connection.send(['HSET', 'h', 'a', '1', 'b', 'ü€😀\r\n\0'])).toBe(2)
    expect(await connection.send(['HGETALL', 'h'])).toEqual(['a', '1', 'b', 'ü€😀\r\n\0'])
    // In lower case, some libraries make objects of it.
    expect(await connection.send(['hgetall', 'h'])).toEqual(['a', '1', 'b', 'ü€😀\r\n\0'])
    expect(await connection.send(['GET', 'none'])).toBeNull()
    expect(await connection.send(['XADD', 's', '1-1', 'topic', 't'])).toBe('1-1')
    expect(await connection.send(['XREAD', 'COUNT', '10', 'STREAMS', 's', '0'])).toEqual([
      ['s', [['1-1', ['topic', 't']]]],
    ])
    expect(await connection.send(['XREAD', 'BLOCK', '1', 'STREAMS', 's', '1-1'])).toBeNull()
    expect(await connection.send(['EVAL', 'return {1, {"x", false, ARGV[1]}}', '0', 'y'])).toEqual([
      1,
      ['x', null, 'y'],
    ])
  })

  it('rejects an error reply with its code, without what was sent, and goes on', async (context) => {
    const { port } = await redis(context)
    const connection = await open(endpointOf({ client: create({ port }) }))
    await connection.send(['SET', 'string', '1'])
    const error = await connection.send(['XADD', 'string', '*', 'field', 'secret']).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ message: expect.stringMatching(/^WRONGTYPE /) })
    expect(error).not.toHaveProperty('command')
    expect(await connection.send(['GET', 'string'])).toBe('1')
  })

  it('answers in order, however many wait', async (context) => {
    const { port } = await redis(context)
    const connection = await open(endpointOf({ client: create({ port }) }))
    const texts = Array.from({ length: 1_000 }, String)
    expect(await Promise.all(texts.map((text) => connection.send(['ECHO', text])))).toEqual(texts)
  })

  it('is closed when Redis ends it, and so is what waits for an answer', async (context) => {
    const { port } = await redis(context)
    const endpoint = endpointOf({ client: create({ port }) })
    const [connection, other] = [await open(endpoint), await open(endpoint)]
    const id = await connection.send(['CLIENT', 'ID'])
    const waiting = connection.send(['XREAD', 'BLOCK', '0', 'STREAMS', 'quiet', '0'])
    const failing = expect(waiting).rejects.toBeInstanceOf(Error)
    await other.send(['CLIENT', 'KILL', 'ID', String(id)])
    expect(await connection.closed).toBeInstanceOf(Error)
    await failing
    await expect(connection.send(['PING'])).rejects.toBeInstanceOf(Error)
    expect(await other.send(['PING'])).toBe('PONG')
  })

  it('is never made anew by itself, nor is anything sent again', async (context) => {
    const engine = await startRedisForTest(context)
    const connection = await open(endpointOf({ client: create(engine) }))
    const sent = connection.send(['XREAD', 'BLOCK', '0', 'STREAMS', 'quiet', '0'])
    const failing = expect(sent).rejects.toBeInstanceOf(Error)
    await engine.kill()
    await connection.closed
    await failing
    await engine.restart()
    await expect(connection.send(['PING'])).rejects.toBeInstanceOf(Error)
    const observer = await open(endpointOf({ client: create(engine) }))
    expect(await clientsOf(observer)).toBe(0)
  })

  it('is ended at once by `destroy`, also while Redis is frozen', async (context) => {
    const engine = await startRedisForTest(context)
    const connection = await open(endpointOf({ client: create(engine) }))
    engine.freeze()
    const failing = expect(connection.send(['PING'])).rejects.toBeInstanceOf(Error)
    connection.destroy()
    connection.destroy()
    expect(await connection.closed).toMatchObject({ message: 'the connection was closed' })
    await failing
    engine.resume()
    const observer = await open(endpointOf({ client: create(engine) }))
    await vi.waitFor(async () => expect(await clientsOf(observer)).toBe(0))
  })

  it('does not come within the time of a Redis that is frozen, and leaves nothing behind', async (context) => {
    const engine = await startRedisForTest(context)
    const endpoint = endpointOf({ client: create(engine) })
    const observer = await open(endpoint)
    engine.freeze()
    const began = performance.now()
    await expect(endpoint.connect(200)).rejects.toThrow('no connection within 200 ms')
    expect(performance.now() - began).toBeLessThan(1_000)
    engine.resume()
    await vi.waitFor(async () => expect(await clientsOf(observer)).toBe(0))
  })

  it('does not come where nobody listens, and says so', async () => {
    const port = await freePort()
    await expect(endpointOf({ client: create({ port }) }).connect(PATIENCE)).rejects.toThrow('ECONNREFUSED')
  })

  it('does not come where somebody else listens', async () => {
    const { port } = await tcpServerForTest((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await expect(endpointOf({ client: create({ port }) }).connect(PATIENCE)).rejects.toBeInstanceOf(Error)
  })

  it('does not come with a wrong password, or none, and never shows one', async (context) => {
    const { port } = await startRedisForTest(context, { password: 'right' })
    const warn = vi.spyOn(console, 'warn')
    const none = endpointOf({ client: create({ port }) })
    await expect(none.connect(PATIENCE)).rejects.toThrow(/^NOAUTH /)
    const wrong = endpointOf({ client: create({ port, password: 'wrong' }) })
    const error = await wrong.connect(PATIENCE).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ message: expect.stringMatching(/^WRONGPASS /) })
    expect(error).not.toHaveProperty('command')
    const right = await open(endpointOf({ client: create({ port, password: 'right' }) }))
    expect(await right.send(['PING'])).toBe('PONG')
    expect(await clientsOf(right)).toBe(0)
    expect(warn).not.toHaveBeenCalled()
  })

  it('has the database of the client', async (context) => {
    const { port } = await redis(context)
    const connection = await open(endpointOf({ client: create({ port, database: 3 }) }))
    expect(await connection.send(['CLIENT', 'INFO'])).toContain(' db=3 ')
    const missing = endpointOf({ client: create({ port, database: 99 }) })
    await expect(missing.connect(PATIENCE)).rejects.toThrow('DB index is out of range')
  })

  it('goes through a Unix socket', async (context) => {
    const { directory } = await startRedisForTest(context, { config: ['unixsocket redis.sock'] })
    const endpoint = endpointOf({ client: create({ path: `${directory}/redis.sock` }) })
    expect(endpoint.name).toBe(`${directory}/redis.sock`)
    expect(await (await open(endpoint)).send(['PING'])).toBe('PONG')
  })

  it('does not come while Redis is loading', async () => {
    const { port } = await tcpServerForTest((socket) => {
      socket.on('data', (bytes) => {
        // One answer to each command, an array of bulk strings.
        const commands = String(bytes).match(/^\*/gm)?.length ?? 0
        socket.write('-LOADING Redis is loading the dataset in memory\r\n'.repeat(commands))
      })
    })
    await expect(endpointOf({ client: create({ port }) }).connect(PATIENCE)).rejects.toThrow(/^LOADING /)
  })

  it('leaves nothing behind, nor at the client: 200 of them', async (context) => {
    const engine = await startRedisForTest(context)
    const client = create(engine)
    const endpoint = endpointOf({ client })
    const observer = await open(endpoint)
    const listeners = listenersOf(client)
    const sockets = openSockets()
    for (let i = 0; i < 20; i++) {
      const connections = await Promise.all(Array.from({ length: 10 }, () => endpoint.connect(PATIENCE)))
      for (const connection of connections) connection.destroy()
    }
    await vi.waitFor(async () => expect(await clientsOf(observer)).toBe(0))
    await vi.waitFor(() => expect(openSockets()).toBe(sockets))
    expect(listenersOf(client)).toBe(listeners)
  })

  it('does not use the client itself, nor wait for it', async (context) => {
    const { port } = await redis(context)
    const client = create({ port })
    const connection = await open(endpointOf({ client }))
    expect(await connection.send(['PING'])).toBe('PONG')
    expect('status' in client ? client.status : client.isReady).toBe('status' in client ? 'wait' : false)
  })

  it('has a name without a password', () => {
    expect(endpointOf({ client: create({ port: 1234, password: 'secret' }) }).name).toBe('127.0.0.1:1234')
  })
})

function listenersOf(client: RedisClient): number {
  if (!('listenerCount' in client) || typeof client.listenerCount !== 'function') throw new Error('no emitter')
  return client.listenerCount('error') + client.listenerCount('end')
}

describe('what an application may have set', () => {
  const server = sharedRedis({ password: 'secret' })

  it.for([
    [
      'node-redis 6',
      (url: string) =>
        createClient({
          url,
          RESP: 3,
          keyPrefix: 'app:',
          commandOptions: { timeout: 50, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
          commandsQueueMaxLength: 1,
          clientSideCache: { maxEntries: 10, ttl: 1_000 },
          pingInterval: 10,
          socket: { socketTimeout: 50 },
        }),
    ],
    [
      'node-redis 5',
      (url: string) =>
        createClient5({
          url,
          RESP: 3,
          commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
          commandsQueueMaxLength: 1,
          clientSideCache: { maxEntries: 10, ttl: 1_000 },
          pingInterval: 10,
          socket: { socketTimeout: 50 },
        }),
    ],
    [
      'ioredis 6',
      (url: string) =>
        new Redis(url, {
          lazyConnect: true,
          replyMapping: 'resp3',
          keyPrefix: 'app:',
          stringNumbers: true,
          commandTimeout: 50,
          socketTimeout: 50,
          blockingTimeout: 1,
          enableAutoPipelining: true,
          reconnectOnError: () => 2,
        }),
    ],
    [
      'ioredis 5',
      (url: string) =>
        new Redis5(url, {
          lazyConnect: true,
          keyPrefix: 'app:',
          stringNumbers: true,
          commandTimeout: 50,
          socketTimeout: 50,
          blockingTimeout: 1,
          enableAutoPipelining: true,
          reconnectOnError: () => 2,
        }),
    ],
  ] as const)('does not reach its connections: %s', async ([name, create], context) => {
    const { url } = await server(context)
    const endpoint = endpointOf({ client: create(url) })
    expect(endpoint.keyPrefix).toBe(name === 'node-redis 5' ? '' : 'app:')
    const connection = await open(endpoint)
    await connection.send(['SET', 'a', 'b'])
    expect(await connection.send(['KEYS', '*'])).toEqual(['a'])
    expect(await connection.send(['GET', 'a'])).toBe('b')
    expect(await connection.send(['HSET', 'h', 'x', 'y'])).toBeTypeOf('number')
    expect(await connection.send(['HGETALL', 'h'])).toEqual(['x', 'y'])
    await connection.send(['DEL', 'h'])
    // Nothing gives up waiting but Redis.
    const began = performance.now()
    expect(await connection.send(['XREAD', 'BLOCK', '300', 'STREAMS', 'none', '0'])).toBeNull()
    expect(performance.now() - began).toBeGreaterThan(290)
    await expect(connection.send(['NOSUCHCOMMAND'])).rejects.toThrow(/^ERR unknown command/)
    const several = Array.from({ length: 10 }, (_, i) => connection.send(['ECHO', String(i)]))
    expect(await Promise.all(several)).toHaveLength(10)
  })
})

describe('endpointOf', () => {
  it('takes a client or a url, and says which', () => {
    for (const options of [{}, { client: createClient(), url: 'redis://localhost' }]) {
      expect(() => endpointOf(options)).toThrow(expect.objectContaining({ code: 'SSE_INVALID_FIELD' }))
    }
    expect(() => endpointOf({})).toThrow('Option `client` must be given, or `url`')
  })

  it.each([
    ['a cluster of node-redis', () => createCluster({ rootNodes: [] })],
    ['a pool of node-redis', () => createClientPool()],
    ['a sentinel of node-redis', () => createSentinel({ name: 'x', sentinelRootNodes: [{ host: 'x', port: 1 }] })],
    ['a cluster of ioredis', () => new Cluster([{ host: 'x', port: 1 }], { lazyConnect: true })],
    ['a client without `destroy`, as of node-redis 4', () => without('destroy', createClient())],
    ['its options', () => ({ host: 'localhost' })],
    ['a string', () => 'redis://localhost'],
    ['null', () => null],
  ])('refuses %s', (_, client) => {
    expect(() => endpointOf({ client: client() })).toThrow(
      /^Option `client` must be a client of node-redis .* or ioredis/,
    )
  })

  it.each(['localhost:6379', 'http://localhost', '', 5, new URL('redis://localhost'), 'redis://:secret@:x:y'])(
    'refuses the url %s without showing it',
    (url) => {
      expect(() => endpointOf({ url })).toThrow(
        new SseError(
          'SSE_INVALID_FIELD',
          'Option `url` must be a string such as `redis://localhost:6379`, or `rediss:` for TLS.',
        ),
      )
    },
  )

  it('has a type that takes the clients of both, however they are configured, and no cluster', () => {
    const taken: readonly RedisClient[] = [
      createClient({ RESP: 3 }),
      createClient5({ modules: {} }),
      createClient().withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }),
      new Redis({ lazyConnect: true, replyMapping: 'resp3' }),
      new Redis5({ lazyConnect: true }),
    ]
    for (const client of taken) expect(endpointOf({ client }).name).toBe('localhost:6379')
    const refused: unknown[] = []
    const note = (client: RedisClient): unknown => refused.push(client)
    // @ts-expect-error A cluster of node-redis.
    note(createCluster({ rootNodes: [] }))
    // @ts-expect-error A pool.
    note(createClientPool())
    // @ts-expect-error A sentinel.
    note(createSentinel({ name: 'x', sentinelRootNodes: [] }))
    // @ts-expect-error A cluster of ioredis.
    note(new Cluster([], { lazyConnect: true }))
    for (const client of refused) expect(() => endpointOf({ client })).toThrow(/^Option `client`/)
  })

  it('names where the client goes', () => {
    const nameOf = (client: unknown): string => endpointOf({ client }).name
    expect(nameOf(createClient())).toBe('localhost:6379')
    expect(nameOf(createClient({ url: 'redis://user:secret@example.com:1/2' }))).toBe('example.com:1')
    expect(nameOf(createClient({ socket: { host: '::1' } }))).toBe('[::1]:6379')
    expect(nameOf(new Redis({ lazyConnect: true }))).toBe('localhost:6379')
    expect(nameOf(new Redis('redis://:secret@example.com:1/2', { lazyConnect: true }))).toBe('example.com:1')
    expect(nameOf(new Redis({ host: '::1', lazyConnect: true }))).toBe('[::1]:6379')
    const sentinels = { sentinels: [{ host: 'a', port: 1 }], name: 'mine', lazyConnect: true }
    expect(nameOf(new Redis(sentinels))).toBe('mine (of the sentinels a:1)')
    expect(endpointOf({ url: 'redis://user:secret@example.com' }).name).toBe('example.com:6379')
  })
})

describe('a connection to a url', () => {
  it('has its password and database', async (context) => {
    const { port } = await startRedisForTest(context, { password: 'p@ss' })
    const connection = await open(endpointOf({ url: `redis://:p%40ss@127.0.0.1:${port}/2` }))
    expect(await connection.send(['CLIENT', 'INFO'])).toContain(' db=2 ')
  })

  it('is made by whichever library is installed', async (context) => {
    const { url } = await redis(context)
    const missing = async (): Promise<unknown> => import(`${'no-such'}-package`)
    const ioredis = async (to: string): Promise<unknown> => new Redis(to, { lazyConnect: true })
    const connection = await open(urlEndpoint(url, [missing, ioredis]))
    expect(await connection.send(['PING'])).toBe('PONG')
    await expect(urlEndpoint(url, [missing, missing]).connect(PATIENCE)).rejects.toMatchObject({
      code: 'SSE_LOG',
      message: expect.stringContaining('npm install redis'),
    })
  })

  it('says why a library cannot be loaded that is there', async () => {
    const broken = (): Promise<unknown> => Promise.reject(new Error('half installed'))
    await expect(urlEndpoint('redis://localhost', [broken]).connect(PATIENCE)).rejects.toThrow('half installed')
  })
})

describe('a connection by way of Sentinel', () => {
  it('goes to the master, as ioredis finds it', async (context) => {
    const master = await startRedisForTest(context)
    const sentinel = await startRedisForTest(context, {
      args: ['--sentinel'],
      config: [`sentinel monitor mine 127.0.0.1 ${master.port} 1`],
    })
    const options = { sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'mine', lazyConnect: true }
    for (const client of [new Redis(options), new Redis5(options)]) {
      const connection = await open(endpointOf({ client }))
      expect(await connection.send(['INFO', 'server'])).toContain(`process_id:${master.pid}\r`)
    }
  })

  it('says that no sentinel is there', async () => {
    const options = { sentinels: [{ host: '127.0.0.1', port: await freePort() }], name: 'mine', lazyConnect: true }
    for (const client of [new Redis(options), new Redis5(options)]) {
      await expect(endpointOf({ client }).connect(PATIENCE)).rejects.toThrow(/All sentinels are unreachable/)
    }
  })
})
