import type { AnyEvents, Hub } from '@sse/core'

/** The hub of the application, as it is injected; `E` is its event map. */
export interface SseHub<E extends object = AnyEvents> extends Hub<E> {}

/**
 * What the hub of the application is injected by: `constructor(private readonly hub: SseHub<Events>)`.
 *
 * A class for Nest to know it by, of which nobody makes one: what is injected is what `createHub` gave.
 */
export const SseHub: abstract new () => SseHub = class SseHub {} as never
