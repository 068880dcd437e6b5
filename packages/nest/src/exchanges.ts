/** One request that `@Sse()` answers, as its handler's method sees it. */
export interface HandlerExchange {
  /** The handler has returned, and its promise resolved: answers what Nest is to be given in place of that. */
  returned(value: unknown): unknown
}

const exchanges = new WeakMap<object, HandlerExchange>()

/** Finds an exchange by the platform's response, which is what a handler can be given. */
export function exchangeOf(response: unknown): HandlerExchange | undefined {
  return typeof response === 'object' && response !== null ? exchanges.get(response) : undefined
}

/** Lets the handler of a request find its exchange. */
export function registerExchange(response: object, exchange: HandlerExchange): void {
  exchanges.set(response, exchange)
}

/** Lets go of an exchange that nobody will ask for any more: its response lives as long as the stream. */
export function releaseExchange(response: object): void {
  exchanges.delete(response)
}
