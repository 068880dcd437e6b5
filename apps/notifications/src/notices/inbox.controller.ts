import {
  Controller,
  Delete,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  ParseUUIDPipe,
  Post,
  UseGuards,
} from '@nestjs/common'
import type { Subscription } from '@sse/core'
import { Sse } from '@sse/nest'
import type { PigeonholeEvents } from '../events.ts'
import { Principal, SessionGuard } from '../sessions/session.guard.ts'
import { Sessions } from '../sessions/sessions.service.ts'
import { UserPipe } from '../sessions/user.pipe.ts'
import type { User } from '../users.ts'
import { Notices } from './notices.service.ts'

/** What a user does with the pigeonhole of their own. */
@Controller('u/:user')
@UseGuards(SessionGuard)
export class InboxController {
  readonly #notices: Notices
  readonly #sessions: Sessions

  constructor(notices: Notices, sessions: Sessions) {
    this.#notices = notices
    this.#sessions = sessions
  }

  /** The stream of this user. Whose it is the session says: the guard has compared it with the address. */
  @Sse('events')
  events(@Principal() user: string): Subscription<PigeonholeEvents> {
    return this.#notices.streamOf(user)
  }

  /** Who is signed in: 401 for nobody, which is how a page whose stream has ended learns why. */
  @Get('session')
  session(@Param('user', UserPipe) user: User): User {
    return user
  }

  /** Signs out, everywhere: all sessions of this user end, and with them the streams of all tabs. */
  @Delete('session')
  @HttpCode(204)
  signOut(@Principal() user: string): void {
    this.#sessions.signOut(user)
  }

  @Post('notices/read')
  @HttpCode(204)
  async readAll(@Principal() user: string): Promise<void> {
    await this.#notices.read(user, 'all')
  }

  @Post('notices/:id/read')
  @HttpCode(204)
  async read(@Principal() user: string, @Param('id', ParseUUIDPipe) id: string): Promise<void> {
    if (!this.#notices.of(user).has(id)) throw new NotFoundException('There is no such notice in this pigeonhole')
    await this.#notices.read(user, id)
  }
}
