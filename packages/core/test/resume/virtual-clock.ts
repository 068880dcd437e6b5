interface Timer {
  readonly call: () => void
  /** How long until it is due again; `undefined`: once is enough. */
  readonly period: number | undefined
  due: number
}

/**
 * The clock of heartbeats and deadlines, moved by the checker: nothing waits for real time. It stands in for timers and
 * `performance.now` while installed; macrotasks and the network are the real ones.
 */
export class VirtualClock {
  /** In milliseconds. */
  now = 1_000
  readonly #timers = new Map<number, Timer>()
  #last = 0

  /** Puts it in place of the real one. Answers how to take it out again. */
  install(): () => void {
    const { setInterval, clearInterval, setTimeout, clearTimeout } = globalThis
    const { now } = performance
    const clear = (id: number | undefined): boolean => this.#timers.delete(id ?? 0)
    Object.assign(globalThis, {
      setInterval: (call: () => void, period: number) => this.#add({ call, period, due: this.now + period }),
      setTimeout: (call: () => void, delay: number) => this.#add({ call, period: undefined, due: this.now + delay }),
      clearInterval: clear,
      clearTimeout: clear,
    })
    performance.now = () => this.now
    return () => {
      performance.now = now
      Object.assign(globalThis, { setInterval, clearInterval, setTimeout, clearTimeout })
    }
  }

  /** How many timers are running. */
  get running(): number {
    return this.#timers.size
  }

  /** Lets time pass, calling back whatever becomes due, in order. */
  advance(milliseconds: number): void {
    const end = this.now + milliseconds
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      const [id, timer] = next
      this.now = timer.due
      if (timer.period === undefined) this.#timers.delete(id)
      else timer.due += timer.period
      timer.call()
    }
    this.now = end
  }

  /** The timer that is due first, if one is by then. */
  #next(by: number): readonly [number, Timer] | undefined {
    let first: readonly [number, Timer] | undefined
    for (const entry of this.#timers) {
      const { due } = entry[1]
      if (due <= by && (first === undefined || due < first[1].due)) first = entry
    }
    return first
  }

  #add(timer: Timer): number {
    this.#timers.set(++this.#last, timer)
    return this.#last
  }
}
