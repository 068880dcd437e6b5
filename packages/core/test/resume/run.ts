import type { BuiltCore } from './built-core.ts'
import { Clients } from './clients.ts'
import { TICK } from './line.ts'
import { LogTrouble } from './log-trouble.ts'
import { Network } from './network.ts'
import type { Plan, Step } from './plan.ts'
import { Readers } from './readers.ts'
import { type Scene, setScene } from './scene.ts'
import { Stations } from './stations.ts'
import { stackOf } from './tale.ts'
import { must, Violation } from './violation.ts'

/** After so many turns in which nothing came, nothing will. Sockets take some. */
const IDLE_TURNS = 4
const IDLE_TURNS_ON_NODE = 25
/** More than a read of a Web stream takes. */
const MICROTASKS = 10
/** Who waits for the log to reach an id has been given up after so long, in milliseconds. */
const GIVEN_UP = 7_000

/** What a run went through, added up over its hubs. */
export interface RunReport {
  readonly plan: Plan
  readonly published: number
  readonly gaps: Readonly<Record<string, number>>
  readonly closed: Readonly<Record<string, number>>
  readonly bytes: number
}

/**
 * Runs the checker once: random publishes, clients and troubles, all drawn from the seed.
 *
 * @throws the first thing that was wrong, with what led to it; its cause is the {@link Violation}.
 */
export async function checkSeed(core: BuiltCore, seed: number): Promise<RunReport> {
  const run = new Run(setScene(core, seed))
  try {
    const report = await run.go()
    await run.clear()
    return report
  } catch (error) {
    // Of what else goes wrong then, nobody needs to know.
    await run.clear().catch(() => {})
    throw run.explain(error)
  }
}

class Run {
  readonly #scene: Scene
  readonly #stations: Stations
  readonly #network: Network
  readonly #clients: Clients
  readonly #readers: Readers
  readonly #trouble: LogTrouble
  readonly #restoreClock: () => void
  readonly #onUncaught: (error: unknown) => void

  constructor(scene: Scene) {
    const { clock, tale, log, random, plan } = scene
    this.#scene = scene
    this.#restoreClock = clock.install()
    this.#onUncaught = (error) => tale.fail(new Violation('error', `uncaught: ${stackOf(error)}`))
    process.on('uncaughtException', this.#onUncaught).on('unhandledRejection', this.#onUncaught)
    this.#stations = new Stations(scene, (name, reason) => this.#clients.closed(name, reason))
    this.#network = new Network(scene, this.#stations)
    this.#clients = new Clients(scene, this.#stations, this.#network)
    this.#readers = new Readers(scene, this.#stations)
    this.#trouble = new LogTrouble({ log, random, tale, deferral: plan.deferral })
  }

  async go(): Promise<RunReport> {
    const { plan, random, tale } = this.#scene
    for (let step = 0; step < plan.steps; step++) {
      await this.#step(random.weighted(plan.weights))
      tale.verify()
    }
    await this.#end()
    tale.verify()
    return this.#report()
  }

  explain(error: unknown): Error {
    const { seed, plan, interests, tale } = this.#scene
    const { weights: _, sizes: __, ...rest } = plan
    return tale.explain(error, {
      seed,
      about: [`plan: ${JSON.stringify(rest)}`, ...interests.map((interest) => `  ${interest}`)],
    })
  }

  async clear(): Promise<void> {
    this.#clients.leave()
    await this.#stations.close()
    await this.#network.close()
    process.off('uncaughtException', this.#onUncaught).off('unhandledRejection', this.#onUncaught)
    this.#restoreClock()
  }

  async #step(step: Step): Promise<void> {
    const { random, plan, desk } = this.#scene
    const { maxEvents } = plan.bounds
    switch (step) {
      case 'publish':
        return this.#stations.publish(1)
      case 'burst':
        return this.#stations.publish(random.size(2, 2 * maxEvents))
      case 'awaited':
        return this.#stations.publishAwaited(random.size(2, maxEvents))
      case 'connect':
        return this.#clients.connect()
      case 'read':
        return this.#clients.read()
      case 'drop':
        return this.#clients.drop()
      case 'reconnect':
        return this.#clients.reconnect()
      case 'turn':
        await this.#stations.turns(random.size(1, plan.isOnNode ? 12 : 3))
        return this.#clients.mustBeFresh()
      case 'time':
        return this.#timePasses()
      case 'cut log':
        return this.#trouble.cut()
      case 'restart log':
        return this.#trouble.restart()
      case 'deliver':
        return this.#trouble.deliver()
      case 'snapshot':
        return desk.answer()
      case 'revoke':
        return this.#clients.revoke()
      case 'aside':
        return this.#clients.aside()
      case 'new reader':
        return this.#readers.begin()
      case 'use reader':
        return this.#readers.use()
    }
  }

  /** Often between a publish and its flush: a heartbeat may come at any time. */
  #timePasses(): Promise<void> {
    const { random, plan } = this.#scene
    const { heartbeat } = plan
    if (random.chance(0.5)) this.#stations.publish(random.int(1, 3))
    return this.#pass(
      random.weighted([
        [random.size(10, 3_000), 2],
        [heartbeat === false ? 1_000 : random.int(heartbeat, heartbeat + TICK), 2],
        [random.int(5_000, 40_000), 1],
      ]),
    )
  }

  /** Time passes, and whoever reads gets its chance after each tick. */
  async #pass(milliseconds: number): Promise<void> {
    const { clock, tale, plan } = this.#scene
    tale.tell(`${milliseconds} ms pass`)
    for (let left = milliseconds; left > 0; left -= TICK) {
      clock.advance(Math.min(left, TICK))
      // On the Web nothing but microtasks is needed, so that a tick can come before what was published is flushed.
      if (plan.isOnNode) await this.#stations.turn()
      else for (let i = 0; i < MICROTASKS; i++) await undefined
    }
  }

  /** Everything is mended and read: nobody may lack anything, now, live, and after everyone has come back at once. */
  async #end(): Promise<void> {
    this.#scene.tale.tell('the end')
    this.#stations.calm()
    this.#trouble.end()
    await this.#readAll()
    this.#stations.publish(20)
    await this.#readAll()
    await this.#clients.comeBackTogether()
    await this.#readAll()
    await this.#stations.verifyPublishes()
    await this.#leaveAll()
  }

  async #readAll(): Promise<void> {
    await this.#untilIdle()
    this.#mustBeUpToDate()
    await this.#pass(GIVEN_UP)
    await this.#untilIdle()
    await this.#clients.comeBack(() => this.#untilIdle())
    this.#mustBeUpToDate()
    this.#scene.tale.verify()
  }

  async #untilIdle(): Promise<void> {
    const turns = this.#scene.plan.isOnNode ? IDLE_TURNS_ON_NODE : IDLE_TURNS
    let before = -1
    for (let idle = 0; idle < turns; idle++) {
      this.#clients.readAll()
      this.#readers.readAll()
      this.#scene.desk.answerAll()
      await this.#stations.turn()
      const progress = this.#clients.progress + this.#readers.progress
      if (progress !== before) idle = 0
      before = progress
    }
  }

  #mustBeUpToDate(): void {
    this.#clients.mustBeUpToDate()
    this.#readers.mustBeUpToDate()
  }

  async #leaveAll(): Promise<void> {
    const { plan, clock, log } = this.#scene
    await this.#readers.stop()
    this.#clients.leave()
    await this.#stations.turns(plan.isOnNode ? IDLE_TURNS_ON_NODE : 2)
    this.#stations.mustBeEmpty()
    await this.#stations.close()
    must(clock.running === 0, 'leak', () => `${clock.running} timers still run`)
    must(log.links.length === 0, 'leak', () => `${log.links.length} hubs still follow the log`)
  }

  #report(): RunReport {
    const stats = this.#stations.all.map(({ hub }) => hub.stats())
    return {
      plan: this.#scene.plan,
      published: this.#scene.history.drafts.length,
      gaps: sum(stats.map(({ gaps }) => gaps)),
      closed: sum(stats.map(({ closed }) => closed)),
      bytes: stats.reduce((total, { bytes }) => total + bytes, 0),
    }
  }
}

function sum(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const record of records) {
    for (const [name, count] of Object.entries(record)) total[name] = (total[name] ?? 0) + count
  }
  return total
}
