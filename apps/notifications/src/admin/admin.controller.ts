import { Body, Controller, Delete, Get, HttpCode, type MessageEvent, Param, Post, UseGuards } from '@nestjs/common'
import { Sse, SseHub } from '@sse/nest'
import { map, type Observable } from 'rxjs'
import type { PigeonholeEvents } from '../events.ts'
import { Notices } from '../notices/notices.service.ts'
import { DeskGuard } from '../sessions/session.guard.ts'
import { Sessions } from '../sessions/sessions.service.ts'
import { UserPipe } from '../sessions/user.pipe.ts'
import { POSTMASTER, type User } from '../users.ts'
import { NoticeDto } from './notice.dto.ts'
import { PresenceService } from './presence.service.ts'

/** What became of a notice that was sent. */
export interface Sent {
  readonly id: string
  /** How many tabs were open to show it at once. Everyone else finds it later. */
  readonly tabs: number
}

/** The sorting desk: sends notices, and sees who is connected. */
@Controller('admin')
@UseGuards(DeskGuard)
export class AdminController {
  readonly #hub: SseHub<PigeonholeEvents>
  readonly #notices: Notices
  readonly #presence: PresenceService
  readonly #sessions: Sessions

  constructor(hub: SseHub<PigeonholeEvents>, notices: Notices, presence: PresenceService, sessions: Sessions) {
    this.#hub = hub
    this.#notices = notices
    this.#presence = presence
    this.#sessions = sessions
  }

  /** Who is connected, as it changes: an observable, as Nest's own `@Sse()` takes it. */
  @Sse('events')
  events(): Observable<MessageEvent> {
    return this.#presence.changes.pipe(map((data) => ({ type: 'presence', data })))
  }

  /** Whether somebody is at the desk: 401 for nobody. */
  @Get('session')
  session(): { readonly name: string } {
    return { name: POSTMASTER }
  }

  @Delete('session')
  @HttpCode(204)
  leave(): void {
    this.#sessions.signOut(POSTMASTER)
  }

  @Post('notices')
  async send(@Body() { to, kind, title, text }: NoticeDto): Promise<Sent> {
    const tabs = this.#presence.tabsOf(to)
    const { id } = await this.#notices.send({ kind, title, text }, to)
    return { id, tabs }
  }

  /** Ends a user's streams. They are still signed in, so their browser comes back, and misses nothing. */
  @Post('users/:user/disconnect')
  @HttpCode(200)
  disconnect(@Param('user', UserPipe) user: User): { readonly tabs: number } {
    return { tabs: this.#hub.disconnect({ principal: user.id }, 'disconnected by the desk') }
  }

  /** Signs a user out: their streams end, and are refused when they come back. */
  @Post('users/:user/sign-out')
  @HttpCode(204)
  signOut(@Param('user', UserPipe) user: User): void {
    this.#sessions.signOut(user.id)
  }
}
