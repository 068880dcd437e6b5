import { exchangeOf } from './exchanges.ts'
import { RESPONSE_PARAMETER, RESPONSE_PASSTHROUGH_METADATA, ROUTE_ARGS_METADATA } from './nest-metadata.ts'
import { isThenable } from './thenable.ts'

/** A method of a controller, whatever it takes and gives. */
export type HandlerMethod = (this: unknown, ...args: readonly unknown[]) => unknown

/** Marks the parameter that is this library's own, so that one that was inherited is known. */
const OWN = Symbol('sse.response')

/**
 * Puts a method in the place of a handler that hands what the handler returns to the exchange of its request, instead of
 * to Nest. It looks like the handler: it has its name, its length and its metadata.
 *
 * For that it is given one argument more, the platform's response: thereby Nest, too, knows that it is not to answer.
 */
export function streamMethod(target: object, key: string | symbol, handler: HandlerMethod): HandlerMethod {
  const index = addResponseParameter(target, key, handler)
  const method = function (this: unknown, ...args: readonly unknown[]): unknown {
    const exchange = exchangeOf(args[index])
    // Called by the application itself: it gets what the handler gives.
    if (exchange === undefined) return Reflect.apply(handler, this, args)
    const result = Reflect.apply(handler, this, args.slice(0, index))
    return isThenable(result) ? result.then((value) => exchange.returned(value)) : exchange.returned(result)
  }
  copyLooks(handler, method)
  return method
}

/** Answers the index of the parameter: after all that the handler has. */
function addResponseParameter(target: object, key: string | symbol, handler: HandlerMethod): number {
  const all: Readonly<Record<string, RouteParameter>> =
    Reflect.getMetadata(ROUTE_ARGS_METADATA, target.constructor, key) ?? {}
  const parameters = Object.entries(all).filter(([, { data }]) => data !== OWN)
  const index = Math.max(handler.length, ...parameters.map(([, parameter]) => parameter.index + 1))
  const own: RouteParameter = { index, data: OWN, pipes: [] }
  const metadata = Object.fromEntries([...parameters, [`${RESPONSE_PARAMETER}:${index}`, own]])
  Reflect.defineMetadata(ROUTE_ARGS_METADATA, metadata, target.constructor, key)
  // A handler that asks for the response to set a cookie still does not have Nest answer.
  Reflect.defineMetadata(RESPONSE_PASSTHROUGH_METADATA, false, target.constructor, key)
  return index
}

interface RouteParameter {
  readonly index: number
  readonly data?: unknown
  readonly pipes: readonly unknown[]
}

function copyLooks(from: HandlerMethod, to: HandlerMethod): void {
  for (const key of Reflect.getOwnMetadataKeys(from)) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, from), to)
  }
  for (const name of Reflect.ownKeys(from)) {
    if (name === 'prototype') continue
    const descriptor = Object.getOwnPropertyDescriptor(from, name)
    if (descriptor !== undefined) Object.defineProperty(to, name, descriptor)
  }
}
