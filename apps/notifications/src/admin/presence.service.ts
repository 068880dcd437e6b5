import { Injectable } from '@nestjs/common'
import type { ConnectionInfo } from '@sse/core'
import { SseHub } from '@sse/nest'
import { distinctUntilChanged, interval, map, type Observable, share, startWith } from 'rxjs'
import type { PigeonholeEvents } from '../events.ts'
import { Notices } from '../notices/notices.service.ts'
import { POSTMASTER, users } from '../users.ts'

/** How often is looked who is connected, in milliseconds: while somebody is at the desk, and only then. */
export const LOOK_EVERY = 250

/** One open stream: a tab. */
export interface Tab extends Pick<ConnectionInfo, 'id' | 'state'> {
  /** When it was opened, in milliseconds since the epoch. */
  readonly since: number
  /** The id up to which it has been served. */
  readonly cursor: string | null
}

/** One user, as the sorting desk sees them. */
export interface Presence {
  readonly user: string
  readonly unread: number
  readonly tabs: readonly Tab[]
}

/** Who is connected. */
export interface Presences {
  readonly people: readonly Presence[]
  /** How many tabs show the sorting desk. */
  readonly desks: number
}

/** Tells who is connected, from what the hub knows. */
@Injectable()
export class PresenceService {
  /** Who is connected: at once, and whenever it has changed. One look serves all who are at the desk. */
  readonly changes: Observable<Presences>
  readonly #hub: SseHub<PigeonholeEvents>
  readonly #notices: Notices

  constructor(hub: SseHub<PigeonholeEvents>, notices: Notices) {
    this.#hub = hub
    this.#notices = notices
    // By looking, since a stream that falls behind, or is served on, makes no event of its own.
    const looks = interval(LOOK_EVERY).pipe(share())
    this.changes = looks.pipe(
      startWith(0),
      map(() => this.now()),
      distinctUntilChanged((a, b) => JSON.stringify(a) === JSON.stringify(b)),
    )
  }

  /** Who is connected at this moment. */
  now(): Presences {
    const connections = [...this.#hub.connections]
    const people = users.map(({ id }) => ({
      user: id,
      unread: this.#notices.of(id).unread,
      tabs: connections.filter(({ principal }) => principal === id).map(tabOf),
    }))
    return { people, desks: connections.filter(({ principal }) => principal === POSTMASTER).length }
  }

  /** How many tabs a notice reaches at this moment. */
  tabsOf(to: string | 'all'): number {
    return this.now().people.reduce((sum, { user, tabs }) => (to === 'all' || to === user ? sum + tabs.length : sum), 0)
  }
}

function tabOf({ id, state, openedAt, cursor }: ConnectionInfo): Tab {
  return { id, state, since: openedAt.getTime(), cursor: cursor ?? null }
}
