import type { AnyEvents, Hub } from '@sse/core'

/**
 * The hub of the application, to be injected by its class: `constructor(private readonly hub: SseHub<Events>)`.
 *
 * @typeParam E the event map: names and their payloads. It is a matter of types alone.
 */
// biome-ignore lint/correctness/noUnusedVariables: the interface of the same name uses it.
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: a class is what can be injected; what it has is a hub's.
export abstract class SseHub<E extends object = AnyEvents> {
  // Nobody makes one: what is injected is what `createHub` gave.
  protected constructor() {}
}

export interface SseHub<E extends object = AnyEvents> extends Hub<E> {}
