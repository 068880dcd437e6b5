import { randomBytes } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import { SseHub } from '@sse/nest'
import type { PigeonholeEvents } from '../events.ts'

/** How many sessions are kept: with one more, the oldest ends. */
export const MAX_SESSIONS = 1_000

/** Who is signed in: by the token in their cookie. In memory, so a restart signs everybody out. */
@Injectable()
export class Sessions {
  readonly #hub: SseHub<PigeonholeEvents>
  readonly #principals = new Map<string, string>()

  constructor(hub: SseHub<PigeonholeEvents>) {
    this.#hub = hub
  }

  /** Begins a session. Answers its token, which nobody can guess. */
  begin(principal: string): string {
    const [oldest] = this.#principals.keys()
    if (oldest !== undefined && this.#principals.size >= MAX_SESSIONS) this.#principals.delete(oldest)
    const token = randomBytes(24).toString('base64url')
    this.#principals.set(token, principal)
    return token
  }

  /** Whose session this is. */
  principalOf(token: string | undefined): string | undefined {
    return token === undefined ? undefined : this.#principals.get(token)
  }

  /** Ends all sessions of somebody, in whichever browser, and their streams: who comes back is refused by the guard. */
  signOut(principal: string): void {
    for (const [token, owner] of this.#principals) if (owner === principal) this.#principals.delete(token)
    this.#hub.disconnect({ principal }, 'signed out')
  }
}
