import { Injectable, NotFoundException, type PipeTransform } from '@nestjs/common'
import { type User, userOf } from '../users.ts'

/** Turns the id of a user, which came from outside, into the user: 404 where there is none. */
@Injectable()
export class UserPipe implements PipeTransform<unknown, User> {
  transform(id: unknown): User {
    const user = typeof id === 'string' ? userOf(id) : undefined
    if (user === undefined) throw new NotFoundException('Nobody has this pigeonhole')
    return user
  }
}
