import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common'
import type { Request } from 'express'
import { POSTMASTER } from '../users.ts'
import { sessionTokenOf } from './session-cookie.ts'
import { Sessions } from './sessions.service.ts'

declare global {
  namespace Express {
    interface Request {
      /** Who is signed in: set by the guards, and by nothing else. */
      principal?: string
    }
  }
}

/** Lets in the user whose place `/u/:user` is. */
@Injectable()
export class SessionGuard implements CanActivate {
  readonly #sessions: Sessions

  constructor(sessions: Sessions) {
    this.#sessions = sessions
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>()
    return admit(request, this.#sessions, request.params.user)
  }
}

/** Lets in who sits at the sorting desk. */
@Injectable()
export class DeskGuard implements CanActivate {
  readonly #sessions: Sessions

  constructor(sessions: Sessions) {
    this.#sessions = sessions
  }

  canActivate(context: ExecutionContext): boolean {
    return admit(context.switchToHttp().getRequest<Request>(), this.#sessions, POSTMASTER)
  }
}

/** Everyone but the owner gets 401, which for an `EventSource` is final: it does not come back. */
function admit(request: Request, sessions: Sessions, owner: unknown): true {
  const principal = sessions.principalOf(sessionTokenOf(request.headers.cookie))
  if (principal === undefined || principal !== owner) throw new UnauthorizedException('Sign in first')
  request.principal = principal
  return true
}

/** A parameter of a handler behind a guard: who is signed in. */
export const Principal = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const { principal } = context.switchToHttp().getRequest<Request>()
  if (principal === undefined) throw new UnauthorizedException('Sign in first')
  return principal
})
