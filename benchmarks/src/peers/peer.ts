import type { Server } from 'node:http'

/** A server under measurement, used as its own documentation recommends. */
export interface Peer {
  /** The packages whose versions the report names. */
  readonly packages: readonly string[]
  /** Listens on a free port of 127.0.0.1. */
  start(): Promise<RunningPeer>
}

/** How many clients are connected, and how many of them do not keep up. */
export interface Audience {
  readonly connections: number
  readonly lagging: number
}

/** What a started peer serves: `GET /events`, live, and where it is measured `GET /generator?count=…`, finite. */
export interface RunningPeer {
  readonly server: Server
  /** Sends one event with this data to every client of `/events`. */
  publish(data: string): void
  /** Sends all of these as the peer does when it has many at hand; without it they are published one by one. */
  publishAll?(batch: readonly string[]): void
  /** Publishes one event and tells its id, if a client may resume after it. */
  publishForId?(data: string): Promise<string>
  /** Begins to be measured by OpenTelemetry; answers how to end that. */
  instrument?(): () => void
  /** Who is connected, where the peer knows. */
  audience?(): Audience
}
