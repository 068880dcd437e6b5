import type { SseEvent } from '@sse/core'

/** An event as Nest calls it, whose `type` is the standard's `event`; with `event`, one as the standard calls it. */
export interface MessageEvent {
  data?: string | object
  id?: string
  type?: string
  event?: string
  retry?: number
  comment?: string
}

/**
 * An event as the core takes it, of what a handler or an interceptor of Nest's gives: a message, or data that is no
 * object.
 */
export function eventOf(message: unknown): SseEvent | string {
  // A string is the data of an event to the core, too; what cannot be one it refuses.
  if (typeof message === 'string' || message === null || message === undefined) return message as string
  if (typeof message !== 'object') return { data: message }
  return isNestMessage(message) ? translated(message) : message
}

type NestMessage = { readonly [Field in keyof SseEvent | 'type']?: unknown }

/** Whether something of it is as Nest takes it and the standard does not: `type`, a field that is null, an id of digits. */
function isNestMessage(message: NestMessage): boolean {
  return (
    message.type !== undefined ||
    message.event === null ||
    message.id === null ||
    typeof message.id === 'number' ||
    message.retry === null ||
    message.comment === null
  )
}

/** Fields are read one by one: an event may be of a class, with getters. */
function translated({ event, type, data, id, retry, comment }: NestMessage): SseEvent {
  const fields = {
    event: event ?? type ?? undefined,
    data,
    id: typeof id === 'number' ? String(id) : (id ?? undefined),
    retry: retry ?? undefined,
    comment: comment ?? undefined,
  }
  // Of what type they are is the core's to check.
  return fields as SseEvent
}
