import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Source, SseStream, StreamOptions, Subscription } from '../../src/index.ts'
import type { Scene } from './scene.ts'
import type { Session } from './session.ts'
import type { Station } from './station.ts'
import type { Stations } from './stations.ts'
import { openOnNode, openOnWeb, type Stream } from './stream.ts'

/** A client's request on its way. */
export interface Ask {
  /** Unique in a run. */
  readonly name: string
  readonly station: Station
  readonly lastEventId: string | undefined
  /** It has reached the hub. */
  readonly arrive: () => Session
}

/** How requests reach the hubs of a run: as Web requests, or through sockets of the system. */
export class Network {
  readonly #scene: Scene
  readonly #stations: Stations
  readonly #asked = new Map<string, Ask>()
  readonly #paths = new Map<Station, Promise<string>>()
  readonly #servers: Server[] = []
  #directory: string | undefined

  constructor(scene: Scene, stations: Stations) {
    this.#scene = scene
    this.#stations = stations
  }

  /** Resolves with the answer. */
  async request(ask: Ask): Promise<Stream> {
    const { core, plan, random } = this.#scene
    const { name, station, lastEventId, arrive } = ask
    if (!plan.isOnNode) {
      return openOnWeb({ core, ...this.#serve(arrive()), lastEventId, aborts: random.chance(0.5) })
    }
    this.#asked.set(name, ask)
    return openOnNode(await this.#pathOf(station), name, lastEventId)
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true })
  }

  /** What a handler streams: a subscription, or a function that has something of its own to say as well. */
  #serve(session: Session): { source: Source; options: StreamOptions } {
    const { random, plan } = this.#scene
    const { station, interest, name } = session
    const subscription = this.#stations.subscription(station, interest)
    // Where history is lost the streams of principals end, and the others go on.
    const options: StreamOptions = {
      address: name,
      ...(random.chance(0.5) && { principal: name }),
      ...(random.chance(0.5) && { hub: station.hub }),
    }
    if (!plan.hasAsides || random.chance(0.4)) return { source: subscription, options }
    const source = (stream: SseStream): Subscription => {
      session.stream = stream
      session.wasOpenBefore = random.chance(0.3)
      if (session.wasOpenBefore) session.sendAside(10)
      return subscription
    }
    return { source, options }
  }

  #pathOf(station: Station): Promise<string> {
    const known = this.#paths.get(station)
    if (known !== undefined) return known
    const path = this.#listen(station.name)
    this.#paths.set(station, path)
    return path
  }

  async #listen(name: string): Promise<string> {
    this.#directory ??= mkdtempSync(join(tmpdir(), 'sse-'))
    const path = join(this.#directory, name)
    const server = createServer({ highWaterMark: 1_024 }, (request, response) => {
      const session = this.#asked.get(String(request.headers['x-name']))?.arrive()
      if (session === undefined) return void response.destroy()
      const { source, options } = this.#serve(session)
      const opened = this.#scene.core.node.eventStream(request, response, source, options)
      opened.catch((error: unknown) => this.#scene.tale.fail(error))
    })
    this.#servers.push(server)
    await new Promise<void>((resolve) => server.listen(path, resolve))
    return path
  }
}
