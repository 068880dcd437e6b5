import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { basename, join } from 'node:path'
import { type Engine, startEngine } from './engine-process.ts'

export { type Engine, freePort } from './engine-process.ts'

/** How a Redis is started: without anything, nothing of it is ever on disk. */
export interface RedisServerOptions {
  /** Default false: a restarted server is empty. */
  readonly appendonly?: boolean
  /** Default `everysec`, Redis' own. */
  readonly appendfsync?: 'always' | 'everysec' | 'no'
  /** In bytes, or as Redis writes it: `10mb`. Default: no limit. */
  readonly maxmemory?: number | string
  /** Of the default user. Default: none. Characters that stand in a URL as they are. */
  readonly password?: string
  /** More lines of redis.conf, such as `maxmemory-policy noeviction`. Relative paths are in `directory`. */
  readonly config?: readonly string[]
  /** More arguments, such as `--sentinel`. */
  readonly args?: readonly string[]
}

/** How a NATS server is started: with JetStream, which keeps its streams in `directory`. */
export interface NatsServerOptions {
  /** A token that clients need. Default: none. Characters that stand in a URL as they are. */
  readonly token?: string
  /** The most that all streams in files may take together, such as `10MB`. Default: 1 GB. */
  readonly maxFile?: string
  /** More lines of nats-server.conf, such as `max_payload: 1MB`. */
  readonly config?: readonly string[]
}

/**
 * Starts a Redis of PATH on a free port of the loopback interface. It has a directory of its own, knows nothing of what is
 * configured on this machine, and ends with this process.
 *
 * @throws if there is no `redis-server`, or it does not start: with what it said
 */
export function startRedis(options: RedisServerOptions = {}): Promise<Engine> {
  const { password } = options
  return startEngine({
    program: 'redis-server',
    url: (port) => `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`,
    configure(directory, port) {
      const file = join(directory, 'redis.conf')
      writeFileSync(file, redisConfiguration(options, directory, port))
      return [file, ...(options.args ?? [])]
    },
    async isReady({ port, pid }) {
      const login = password === undefined ? '' : `AUTH ${password}\r\n`
      const said = await conversation(port, `${login}INFO server\r\nPING\r\n`, /^[+]PONG|^-.*\r\n/m)
      // LOADING is an error; and another server may have been given the same port.
      return said.includes(`process_id:${pid}\r`) && said.includes('+PONG')
    },
  })
}

/** The same for a NATS server with JetStream. */
export function startNats(options: NatsServerOptions = {}): Promise<Engine> {
  const { token } = options
  return startEngine({
    program: 'nats-server',
    url: (port) => `nats://${token === undefined ? '' : `${token}@`}127.0.0.1:${port}`,
    configure(directory, port) {
      const file = join(directory, 'nats-server.conf')
      writeFileSync(file, natsConfiguration(options, directory, port))
      return ['--config', file]
    },
    async isReady({ port, directory }) {
      const said = await conversation(port, '', /^INFO .*\r\n/)
      return said.includes(`"server_name":"${basename(directory)}"`) && said.includes('"jetstream":true')
    },
  })
}

function redisConfiguration(options: RedisServerOptions, directory: string, port: number): string {
  const { appendonly = false, appendfsync = 'everysec', maxmemory, password, config = [] } = options
  return [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir "${directory}"`,
    'save ""',
    `appendonly ${appendonly ? 'yes' : 'no'}`,
    `appendfsync ${appendfsync}`,
    ...(maxmemory === undefined ? [] : [`maxmemory ${maxmemory}`]),
    ...(password === undefined ? [] : [`requirepass "${password}"`]),
    ...config,
    '',
  ].join('\n')
}

function natsConfiguration(options: NatsServerOptions, directory: string, port: number): string {
  const { token, maxFile = '1GB', config = [] } = options
  return [
    `server_name: "${basename(directory)}"`,
    `listen: "127.0.0.1:${port}"`,
    `jetstream { store_dir: "${directory}", max_file_store: ${maxFile}, max_memory_store: 256MB }`,
    ...(token === undefined ? [] : [`authorization { token: "${token}" }`]),
    ...config,
    '',
  ].join('\n')
}

/** What a server answers to `text`, up to what `end` matches. */
function conversation(port: number, text: string, end: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.setTimeout(1_000, () => socket.destroy(new Error('It does not answer')))
    socket.setEncoding('utf8').on('data', (part: string) => {
      said += part
      if (end.test(said)) socket.destroy()
    })
    socket.on('error', reject).on('close', () => resolve(said))
  })
}
