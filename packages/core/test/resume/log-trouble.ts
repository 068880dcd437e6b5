import type { Random } from '@sse/tooling/random'
import type { Tale } from './tale.ts'
import type { UnsteadyLog } from './unsteady-log.ts'

/** What happens to the log of a run. */
export class LogTrouble {
  readonly #log: UnsteadyLog
  readonly #random: Random
  readonly #tale: Tale
  /** How likely a hub gets what is in the log only when told. */
  readonly #deferral: number

  constructor(about: { log: UnsteadyLog; random: Random; tale: Tale; deferral: number }) {
    this.#log = about.log
    this.#random = about.random
    this.#tale = about.tale
    this.#deferral = about.deferral
  }

  /** Some hubs or all are cut off, or come back: with nothing lost, mostly. */
  cut(): void {
    const { links } = this.#log
    if (!links.every(({ isAttached }) => isAttached)) return this.#comeBack(this.#random.chance(0.2))
    const away = this.#random.pick(['refuse', 'hold', 'store'] as const)
    this.#tale.tell(`the log is cut off: ${away}`)
    if (links.length === 0 || this.#random.chance(0.7)) this.#log.goAway(away)
    else this.#random.pick(links).detach()
  }

  /** All is lost: another history begins. */
  restart(): void {
    const { links } = this.#log
    this.#tale.tell('the log begins anew')
    if (links.every(({ isAttached }) => isAttached)) this.#log.goAway(this.#random.pick(['hold', 'store']))
    else for (const link of links) link.detach()
    this.#log.restart()
    if (this.#random.chance(0.6)) this.#comeBack(false)
  }

  /** Hubs get some of what waits for them. */
  deliver(): void {
    for (const link of this.#log.links) {
      if (link.isDeferred) link.deliver(this.#random.size(1, 50))
      link.isDeferred = this.#random.chance(this.#deferral)
      link.notice()
    }
  }

  /** Everything works from now on. */
  end(): void {
    this.#log.refusals = 0
    this.#log.lostAnswers = 0
    this.#comeBack(false)
    for (const link of this.#log.links) {
      link.isDeferred = false
      link.notice()
    }
  }

  #comeBack(loses: boolean): void {
    // What was held back is stored before the hubs are attached, or after.
    if (this.#random.chance(0.5)) this.#log.comeBack()
    for (const link of this.#log.links) {
      if (link.isAttached) continue
      const floor = this.#floorOf(link.delivered, loses)
      this.#tale.tell(`the log is back, after ${floor} of ${this.#log.head}`)
      link.attach(floor)
    }
    this.#log.comeBack()
  }

  /** @param delivered what a hub had in the same epoch. */
  #floorOf(delivered: number | undefined, loses: boolean): number {
    const { head } = this.#log
    if (delivered === undefined) return this.#random.int(0, head)
    return loses ? this.#random.int(delivered, head) : delivered
  }
}
