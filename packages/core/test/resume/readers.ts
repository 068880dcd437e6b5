import { DirectReader } from './direct-reader.ts'
import type { Scene } from './scene.ts'
import type { Stations } from './stations.ts'

/** How many read at a time. */
const MANY = 3

/** The direct readers of a run, and what they do. */
export class Readers {
  readonly #scene: Scene
  readonly #stations: Stations
  readonly #all: DirectReader[] = []

  constructor(scene: Scene, stations: Stations) {
    this.#scene = scene
    this.#stations = stations
  }

  /** Grows with everything that they read. */
  get progress(): number {
    return this.#all.reduce((sum, { read }) => sum + read, 0)
  }

  /** One more begins, or goes on where the last has stopped. */
  begin(): void {
    if (this.#reading.length >= MANY) return
    const { random, interests, tale } = this.#scene
    const station = this.#stations.any
    const before = random.chance(0.6) ? this.#all.at(-1) : undefined
    const interest = before?.interest ?? random.pick(interests)
    const after = before?.isOver === true ? before.lastId : undefined
    const name = `r${this.#all.length}`
    tale.tell(`${name} reads ${interest.name} of ${station.name}, after ${after}`)
    const iterator = this.#stations.subscribe(station, interest, after)[Symbol.asyncIterator]()
    this.#all.push(new DirectReader({ name, scene: this.#scene, station, interest, after, iterator }))
  }

  /** One reads some of what is there, or stops. */
  async use(): Promise<void> {
    const { random } = this.#scene
    if (this.#reading.length === 0) return
    const reader = random.pick(this.#reading)
    if (random.chance(0.1)) await reader.stop()
    else reader.allow(random.size(1, 100))
  }

  /** From now on all read whatever comes. */
  readAll(): void {
    for (const reader of this.#reading) reader.allow(Number.POSITIVE_INFINITY)
  }

  /** All have read everything: none may lack anything. */
  mustBeUpToDate(): void {
    for (const reader of this.#reading) reader.check(() => reader.mustBeUpToDate())
  }

  async stop(): Promise<void> {
    for (const reader of this.#reading) await reader.stop()
  }

  get #reading(): readonly DirectReader[] {
    return this.#all.filter(({ isOver }) => !isOver)
  }
}
