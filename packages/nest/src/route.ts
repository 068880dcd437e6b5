import type { StreamOptions } from '@sse/core'

/** What `@Sse()` has said about a handler. */
export interface Route {
  /** What a stream of it is served with, before the defaults of the module. */
  readonly optionsFor: (request: unknown) => StreamOptions
  /** Whether one of its parameters may ask for the signal of the request: it is made for these only. */
  readonly mayAskForSignal: boolean
}

const ROUTE = Symbol('sse.route')

/** Notes what `@Sse()` has said about a handler: metadata, so that what copies it copies this, too. */
export function defineRoute(route: Route, handler: object): void {
  Reflect.defineMetadata(ROUTE, route, handler)
}

/** What `@Sse()` has said about a handler, if anything. */
export function routeOf(handler: object): Route | undefined {
  return Reflect.getMetadata(ROUTE, handler)
}

/** A request, of whatever platform: what is common to both. Name your platform's type to see the rest. */
export interface SseRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly ip?: string
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
}
