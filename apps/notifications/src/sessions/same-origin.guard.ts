import { type CanActivate, type ExecutionContext, ForbiddenException, Injectable } from '@nestjs/common'
import type { Request } from 'express'

/** Keeps other sites, also those on other ports, from pressing buttons through a visitor's browser. */
@Injectable()
export class SameOriginGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>()
    const site = request.get('Sec-Fetch-Site')
    if (request.method === 'GET' || request.method === 'HEAD') return true
    if (site === undefined || site === 'same-origin') return true
    throw new ForbiddenException('Only these pages may ask for that')
  }
}
