import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '@sse/tooling/random'
import type { Protocol } from '../servers/site.ts'
import { type Attack, drawAttack, everyByte, runAttack, tell } from './attack.ts'
import { FuzzServer, type State } from './fuzz-control.ts'
import { drawHttp2Attack, runHttp2Attack } from './http2-attack.ts'
import { soundRequest } from './requests.ts'
import { hasProgressed, judge } from './verdict.ts'
import { Witness } from './witness.ts'

/** So many connections of a seed attack at a time. */
const TOGETHER = 48
/** How many attacks a seed has beside those that stop at every byte. */
const ATTACKS = 200
/** How many sessions of HTTP/2 a seed has. */
const SESSIONS = 60
/** So many bytes of an answer are stopped at. */
const ANSWERED = 500
/** How long a server may take to let go of all who have left, in milliseconds. */
const SETTLING = 10_000

/** What a seed has found. */
export interface SeedResult {
  readonly seed: number
  readonly attacks: number
  /** Each with the attack that it came of, if it came of one. */
  readonly wrong: readonly string[]
  /** How the server was when all had left. */
  readonly state: State
}

/** One server, and what is done to it. */
export class Fuzz {
  readonly #server: FuzzServer
  readonly #witness: Witness
  readonly #protocol: Protocol

  private constructor(server: FuzzServer, witness: Witness, protocol: Protocol) {
    this.#server = server
    this.#witness = witness
    this.#protocol = protocol
  }

  /** @param protocol `http1` or `h2c`. */
  static async start(name: string, protocol: Protocol): Promise<Fuzz> {
    const server = await FuzzServer.start(name, protocol)
    try {
      return new Fuzz(server, await Witness.listen(server.port, protocol), protocol)
    } catch (error) {
      server.stop()
      throw error
    }
  }

  stop(): void {
    this.#witness.leave()
    this.#server.stop()
  }

  /** Runs what a seed says, and waits until the server has let go of it. */
  async run(seed: number): Promise<SeedResult> {
    const attacks = this.#draw(new Random(seed))
    const count = attacks.length
    const wrong: string[] = []
    const work = async (): Promise<void> => {
      for (let attack = attacks.pop(); attack !== undefined; attack = attacks.pop()) wrong.push(...(await attack()))
    }
    await Promise.all(Array.from({ length: TOGETHER }, work))
    const { left, state } = await this.#settled()
    wrong.push(...state.complaints, ...this.#witness.complaints, ...left)
    return { seed, attacks: count, wrong, state }
  }

  /** What a seed does, each a function that answers what it has found. */
  #draw(random: Random): (() => Promise<string[]>)[] {
    const { port } = this.#server
    if (this.#protocol !== 'http1') {
      const attacks = Array.from({ length: SESSIONS }, () => drawHttp2Attack(random, this.#witness))
      return attacks.map((attack) => async () => told(await runHttp2Attack(attack, port), JSON.stringify(attack)))
    }
    const run = (attack: Attack) => runAttack(attack, port, (bytes) => hasProgressed(attack, bytes))
    const drawn = Array.from({ length: ATTACKS }, () => drawAttack(random, this.#witness))
    const attacks = [...drawn, ...everyByte(soundRequest(random), ANSWERED)]
    return attacks.map((attack) => async () => told(judge(await run(attack)), tell(attack)))
  }

  /** How the server is when all but the witness have left, or when that has taken too long. */
  async #settled(): Promise<{ readonly left: readonly string[]; readonly state: State }> {
    const deadline = performance.now() + SETTLING
    let closed: State['closed'] | undefined
    for (;;) {
      const state = await this.#server.ask('state')
      const left = [...this.#lingering(state), ...this.#missing(state)]
      // From when it knows that they have left.
      if (state.sockets === 1) closed ??= state.closed
      if (closed !== undefined && state.closed.stalled > closed.stalled)
        left.push('clients that had left were taken for stalled ones')
      if (left.length === 0 || performance.now() > deadline) return { left, state: await this.#server.ask('collect') }
      await sleep(20)
    }
  }

  /** What is left of those who have gone. */
  #lingering({ streams, sources, sockets }: State): string[] {
    // Sessions of HTTP/2 whose client breaks off are not counted down by Node itself, without anything of ours.
    const counted = this.#protocol === 'http1' ? { sockets: sockets - 1 } : {}
    const counts = Object.entries({ streams: streams - 1, sources, ...counted })
    return counts.filter(([, count]) => count !== 0).map(([what, count]) => `${count} ${what} are left`)
  }

  #missing({ published }: State): string[] {
    const { last } = this.#witness
    return last < published - 1 ? [`the witness has got ${last + 1} of ${published} events`] : []
  }
}

function told(wrong: readonly string[], attack: string): string[] {
  return wrong.slice(0, 3).map((what) => `${what}\n    ${attack}`)
}
