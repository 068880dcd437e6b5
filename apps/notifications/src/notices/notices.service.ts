import { randomUUID } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import { type Subscription, topic } from '@sse/core'
import { SseHub } from '@sse/nest'
import type { PigeonholeEvents } from '../events.ts'
import { users } from '../users.ts'
import type { Draft, Notice } from './notice.ts'
import { Pigeonhole } from './pigeonhole.ts'

/** What everyone hears, beside what is for them alone. */
const EVERYONE = 'everyone'

/** The pigeonholes, and the streams that tell of them. */
@Injectable()
export class Notices {
  readonly #hub: SseHub<PigeonholeEvents>
  readonly #pigeonholes = new Map(users.map(({ id }) => [id, new Pigeonhole()]))
  /** One description for each user, however many tabs there are. */
  readonly #subscriptions: ReadonlyMap<string, Subscription<PigeonholeEvents>>

  constructor(hub: SseHub<PigeonholeEvents>) {
    this.#hub = hub
    this.#subscriptions = new Map(users.map(({ id }) => [id, this.#describe(id)]))
  }

  /** What a tab of this user streams: what is in the pigeonhole, then all that happens to it. */
  streamOf(user: string): Subscription<PigeonholeEvents> {
    return required(this.#subscriptions.get(user), user)
  }

  /** The pigeonhole of a user. */
  of(user: string): Pigeonhole {
    return required(this.#pigeonholes.get(user), user)
  }

  /** Sends a notice to a user, or to all of them. Resolves when the hub's log has it. */
  async send(draft: Draft, to: string | 'all'): Promise<Notice> {
    const toAll = to === 'all'
    const notice: Notice = { ...draft, id: randomUUID(), toAll, at: Date.now(), isRead: false }
    // First kept, then published: a snapshot that is taken in between has it already, and the page knows its id.
    for (const pigeonhole of toAll ? this.#pigeonholes.values() : [this.of(to)]) pigeonhole.put(notice)
    await this.#hub.publish(toAll ? EVERYONE : inboxOf(to), { event: 'notice', data: notice })
    return notice
  }

  /** Marks a notice of a user's, or all, as read, and tells every tab. */
  async read(user: string, which: string | 'all'): Promise<void> {
    const ids = this.of(user).read(which)
    if (ids.length > 0) await this.#hub.publish(inboxOf(user), { event: 'read', data: { ids } })
  }

  #describe(user: string): Subscription<PigeonholeEvents> {
    return this.#hub.subscribe([inboxOf(user), EVERYONE], {
      snapshot: () => [{ event: 'inbox', data: { notices: this.of(user).notices } }],
    })
  }
}

/** The topic of what is for one user alone. */
function inboxOf(user: string): string {
  return topic`users/${user}/inbox`
}

function required<T>(value: T | undefined, user: string): T {
  if (value === undefined) throw new Error(`Nobody is called ${user}`)
  return value
}
