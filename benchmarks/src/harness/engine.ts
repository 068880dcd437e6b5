import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { freePort, type Engine as Server, startNats, startRedis } from '@sse/tooling/engines'
import { findProgram, howToInstall } from '@sse/tooling/programs'
import type { EngineName } from '../engines/subject.ts'

/** What an engine says of itself. */
export interface EngineState {
  /** In bytes: what Redis has allocated, what NATS has resident. */
  readonly memory: number
  readonly connections: number
  /** Commands (Redis, those within scripts included) or messages (NATS) that it has got from its clients so far. */
  readonly requests: number
}

interface Kind {
  readonly program: 'redis-server' | 'nats-server'
  start(): Promise<{ readonly server: Server; readonly state: () => Promise<EngineState> }>
}

const kinds: { readonly [name in EngineName]: Kind | undefined } = {
  memory: undefined,
  redis: {
    program: 'redis-server',
    async start() {
      const server = await startRedis()
      return { server, state: () => redisState(server.port) }
    },
  },
  nats: {
    program: 'nats-server',
    async start() {
      const port = await freePort()
      const server = await startNats({ config: [`http: "127.0.0.1:${port}"`] })
      return { server, state: () => natsState(port) }
    },
  },
}

/** Why an engine cannot be measured on this machine, if it cannot. */
export function whyMissing(name: EngineName): string | undefined {
  const program = kinds[name]?.program
  return program === undefined || findProgram(program) !== undefined ? undefined : howToInstall(program)
}

/** The program's name and version; none for the memory of a process. */
export function engineVersion(name: EngineName): [program: string, version: string][] {
  const program = kinds[name]?.program
  const path = program && findProgram(program)
  if (program === undefined || path === undefined) return []
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  return [[program, /v=?(\d[\w.-]*)/.exec(stdout)?.[1] ?? 'unknown']]
}

/** An engine in a process of its own, on loopback: Redis without persistence, NATS with a directory of its own. */
export class Engine implements AsyncDisposable {
  readonly #running: Awaited<ReturnType<Kind['start']>> | undefined

  private constructor(running: Awaited<ReturnType<Kind['start']>> | undefined) {
    this.#running = running
  }

  /** For the memory of a process there is nothing to start. */
  static async start(name: EngineName): Promise<Engine> {
    return new Engine(await kinds[name]?.start())
  }

  /** Where clients find it. */
  get url(): string {
    return this.#running?.server.url ?? ''
  }

  /** What it says of itself. */
  async state(): Promise<EngineState> {
    if (this.#running === undefined) throw new Error('there is no engine to be asked')
    return this.#running.state()
  }

  /** User and system time of its process so far, in µs; `NaN` where nobody knows. */
  cpu(): number {
    return this.#running === undefined ? Number.NaN : cpuTime(this.#running.server.pid)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.server.stop()
  }
}

/** By the kernel's scheduler, in nanoseconds: the clock ticks of `/proc/<pid>/stat` are of 10 ms. */
function cpuTime(pid: number): number {
  let nanoseconds = 0
  try {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0])
    }
  } catch {
    // Not Linux, or a kernel without scheduler statistics.
    return Number.NaN
  }
  return nanoseconds / 1_000
}

async function redisState(port: number): Promise<EngineState> {
  const said = await redisInfo(port)
  const value = (name: string) => Number(new RegExp(`^${name}:(\\d+)\r$`, 'm').exec(said)?.[1])
  // The connection that asks is one of them.
  return {
    memory: value('used_memory'),
    connections: value('connected_clients') - 1,
    requests: value('total_commands_processed'),
  }
}

async function redisInfo(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let said = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  // Redis answers both, and ends the connection.
  socket.write('INFO\r\nQUIT\r\n')
  await once(socket, 'end')
  return said
}

async function natsState(port: number): Promise<EngineState> {
  const said: unknown = await (await fetch(`http://127.0.0.1:${port}/varz`)).json()
  // https://docs.nats.io/running-a-nats-service/nats_admin/monitoring#general-information-varz
  const { mem, connections, in_msgs } = said as { mem: number; connections: number; in_msgs: number }
  return { memory: mem, connections, requests: in_msgs }
}
