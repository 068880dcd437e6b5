import { Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common'
import type { Response } from 'express'
import { POSTMASTER, type User, users } from '../users.ts'
import { cookieOptions, SESSION_COOKIE } from './session-cookie.ts'
import { Sessions } from './sessions.service.ts'
import { UserPipe } from './user.pipe.ts'

/** Signing in: without a password, since this is a demo. */
@Controller()
export class SessionsController {
  readonly #sessions: Sessions

  constructor(sessions: Sessions) {
    this.#sessions = sessions
  }

  /** Who can sign in. */
  @Get('users')
  users(): readonly User[] {
    return users
  }

  /** Signs in as a user. */
  @Post('u/:user/session')
  @HttpCode(204)
  signIn(@Param('user', UserPipe) user: User, @Res({ passthrough: true }) response: Response): void {
    response.cookie(SESSION_COOKIE, this.#sessions.begin(user.id), cookieOptions(`/u/${user.id}`))
  }

  /** Sits down at the sorting desk. */
  @Post('admin/session')
  @HttpCode(204)
  sitDown(@Res({ passthrough: true }) response: Response): void {
    response.cookie(SESSION_COOKIE, this.#sessions.begin(POSTMASTER), cookieOptions('/admin'))
  }
}
