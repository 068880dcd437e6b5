import { Transform } from 'class-transformer'
import { IsIn, IsString, Length } from 'class-validator'
import { type Draft, KINDS, type Kind } from '../notices/notice.ts'
import { users } from '../users.ts'

/** The longest title and text of a notice, in UTF-16 code units. */
export const MAX_TITLE = 80
export const MAX_TEXT = 400

/** What the sorting desk sends: a notice, to a user or to `all`. Everything else in the body is refused. */
export class NoticeDto implements Draft {
  @IsIn([...users.map(({ id }) => id), 'all'])
  readonly to!: string

  @IsIn(KINDS)
  readonly kind!: Kind

  @Transform(trimmed)
  @IsString()
  @Length(1, MAX_TITLE)
  readonly title!: string

  @Transform(trimmed)
  @IsString()
  @Length(0, MAX_TEXT)
  readonly text!: string
}

function trimmed({ value }: { readonly value: unknown }): unknown {
  return typeof value === 'string' ? value.trim() : value
}
