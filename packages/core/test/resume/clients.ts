import { Random } from '@sse/tooling/random'
import type { CloseReason } from '../../src/index.ts'
import { Client } from './client.ts'
import type { Interest } from './interest.ts'
import type { Network } from './network.ts'
import type { Scene } from './scene.ts'
import { Session } from './session.ts'
import type { Stations } from './stations.ts'
import { must } from './violation.ts'

/** No event is longer, in bytes. */
const LONGEST = 25_000

/** The clients of a run, and what they do. */
export class Clients {
  readonly #scene: Scene
  readonly #stations: Stations
  readonly #network: Network
  readonly #all: Client[] = []
  readonly #sessions = new Map<string, Session>()

  constructor(scene: Scene, stations: Stations, network: Network) {
    this.#scene = scene
    this.#stations = stations
    this.#network = network
  }

  /** Grows with everything that happens to them. */
  get progress(): number {
    return this.#all.reduce((sum, { requests, line }) => sum + requests + (line === undefined ? 0 : 1 + line.bytes), 0)
  }

  /** Some come that were not there before. Those who come at once often want the same, though they may lag otherwise. */
  async connect(): Promise<void> {
    const { random, interests } = this.#scene
    let interest = random.pick(interests)
    for (let many = this.#crowd; many > 0; many--) {
      await this.#connectOne(interest)
      const { topics } = interest
      interest = random.pick(random.chance(0.7) ? interests.filter((other) => other.topics === topics) : interests)
    }
  }

  /** Some come again. */
  async reconnect(): Promise<void> {
    for (let many = this.#crowd; many > 0; many--) {
      const gone = this.#all.filter(({ line, isDone }) => line === undefined && !isDone)
      if (gone.length === 0) return
      const client = this.#scene.random.pick(gone)
      await this.#request(client, this.#idFor(client))
    }
  }

  /** One reads some of what is there. */
  read(): void {
    this.#withOne(({ line }) => line?.allow(this.#scene.random.size(1, 30)))
  }

  /** One goes, and mostly somebody notices. */
  drop(): void {
    this.#withOne((client) => {
      this.#scene.tale.tell(`${client.name} goes`)
      client.drop(this.#scene.random.chance(0.8))
    })
  }

  /** The application tells one of them something. */
  aside(): void {
    const { random, tale } = this.#scene
    this.#withOne(({ name, line }) => {
      if (line?.session.stream === undefined || line.session.waitingAsides >= 3) return
      tale.tell(`an aside for ${name}`)
      line.session.sendAside(random.chance(0.5) ? random.size(1, 1_000) : random.int(8_000, 20_000))
    })
  }

  /** The hub is to end the stream of one of them, or of nobody. */
  revoke(): void {
    const { random } = this.#scene
    const connected = this.#connected
    const picked = connected.length > 0 && random.chance(0.3) ? random.pick(connected) : undefined
    this.#stations.disconnect(picked?.line?.session.name ?? 'nobody')
  }

  /** A hub has closed a stream. */
  closed(name: string, reason: CloseReason): void {
    const session = this.#sessions.get(name)
    if (session === undefined) return
    session.closed = reason
    const client = this.#all.find(({ observer }) => observer.session === session)
    client?.check(() => client.observer.closing(client.line === undefined || client.line.isStalled))
  }

  /** Whoever has read everything must have an id that is not old: a quarter of the ring, and what one flush holds. */
  mustBeFresh(): void {
    const { bounds, hasCheckpoints, isOnNode } = this.#scene.plan
    // What is on its way through a socket cannot be seen.
    if (!hasCheckpoints || isOnNode) return
    const events = Math.ceil(bounds.maxEvents * (1 / 4 + 1 / 8)) + 1
    const bytes = bounds.maxBytes * (1 / 4 + 1 / 8) + LONGEST
    for (const client of this.#all) {
      if (client.line?.isIdle === true) client.check(() => client.observer.mustBeFresh({ events, bytes }))
    }
  }

  /** Everyone has read everything: nobody may lack anything. */
  mustBeUpToDate(): void {
    for (const client of this.#connected) client.check(() => client.observer.mustBeUpToDate())
  }

  /** From now on everyone reads whatever comes. */
  readAll(): void {
    for (const { line } of this.#all) line?.allow(Number.POSITIVE_INFINITY)
  }

  /**
   * Everyone who is not there comes back, with the id it has.
   *
   * @param settle waits until nothing more comes.
   */
  async comeBack(settle: () => Promise<void>): Promise<void> {
    for (const client of this.#all) {
      for (let tries = 0; client.line === undefined && !client.isDone; tries++) {
        must(tries < 3, 'cut', () => `${client.name} is cut whenever it comes back`)
        await this.#request(client, client.observer.lastId)
        await settle()
      }
    }
  }

  /** Everyone goes and comes back at once. */
  async comeBackTogether(): Promise<void> {
    for (const client of this.#all) client.drop(true)
    await this.#stations.turn()
    for (const client of this.#all) if (!client.isDone) await this.#request(client, client.observer.lastId)
  }

  /** Everyone goes for good. */
  leave(): void {
    for (const client of this.#all) {
      client.drop(true)
      for (const line of client.abandoned) line.drop()
    }
  }

  get #connected(): readonly Client[] {
    return this.#all.filter(({ line }) => line !== undefined)
  }

  /** How many come at once. */
  get #crowd(): number {
    const { random } = this.#scene
    return random.chance(0.3) ? random.int(2, 4) : 1
  }

  #withOne(act: (client: Client) => void): void {
    const connected = this.#connected
    if (connected.length > 0) act(this.#scene.random.pick(connected))
  }

  async #connectOne(interest: Interest): Promise<void> {
    const { plan, seed } = this.#scene
    this.#stations.maybeAdd()
    if (this.#all.filter(({ isDone }) => !isDone).length >= plan.clients) return
    const number = this.#all.length
    const client = new Client({
      name: `c${number}`,
      interest,
      scene: this.#scene,
      random: new Random(seed, 100 + number),
    })
    this.#all.push(client)
    await this.#request(client, undefined)
  }

  async #request(client: Client, lastEventId: string | undefined): Promise<void> {
    const { tale, random, plan, history, clock } = this.#scene
    const { interest } = client.observer
    const station = this.#stations.any
    const name = `${client.name}#${++client.requests}`
    tale.tell(`${name} asks ${station.name} for ${interest.name}, after ${lastEventId?.slice(0, 40)}`)
    const arrive = (): Session => {
      const session = new Session({ name, station, interest, sentId: lastEventId, at: clock.now, history })
      this.#sessions.set(name, session)
      client.observer.begin(session)
      return session
    }
    const stream = await this.#network.request({ name, station, lastEventId, arrive })
    const session = this.#sessions.get(name)
    if (session === undefined) throw new Error('The request did not arrive.')
    tale.tell(`${name} is answered ${stream.status} (${session.claim})`)
    client.answered(session, stream)
    client.line?.allow(random.chance(plan.eagerness) ? 10_000 : random.int(0, 3))
  }

  /** What a client brings: mostly what a browser would. */
  #idFor({ observer, ids }: Client): string | undefined {
    const { random, history } = this.#scene
    const { current, epochs } = history
    const kind = random.weighted([
      ['its own', 30],
      ['an older one', 3],
      ['ahead', 1],
      ['a little ahead', 1],
      ['none', 1],
      ['another epoch', 1],
      ['malformed', 1],
    ])
    if (kind === 'none') return undefined
    if (kind === 'an older one' && ids.length > 0) return random.pick(ids)
    if (kind === 'ahead') return `${current.name}.${current.head + random.int(1_000, 1_000_000)}`
    if (kind === 'a little ahead') return `${current.name}.${current.head + random.int(1, 5)}`
    if (kind === 'another epoch') {
      return `${random.pick(['elsewhere', ...epochs.map(({ name }) => name)])}.${random.int(0, 50)}`
    }
    if (kind === 'malformed') {
      return random.pick(['x', `${current.name}.007`, `${current.name}.x`, 'a b', 'y'.repeat(300)])
    }
    return observer.lastId
  }
}
