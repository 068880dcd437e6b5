import { HttpCode, RequestMapping, type RequestMethod } from '@nestjs/common'
import { SseError } from '@sse/core'
import { completeWith, type StreamDefaults } from '@sse/core/adapter'
import { CUSTOM_ROUTE_ARGS_METADATA, HTTP_CODE_METADATA, ROUTE_ARGS_METADATA } from './nest-metadata.ts'
import { defineRoute, type SseRequest } from './route.ts'
import { surround } from './sse-interceptor.ts'
import { type HandlerMethod, streamMethod } from './stream-method.ts'

/** What `@Sse()` is told beside its path. What is left out is the module's. */
export interface SseRouteOptions<Request = SseRequest> extends StreamDefaults<Request> {
  /** The method of the route; default `GET`. The status is 200 for all of them, unless `@HttpCode()` says otherwise. */
  method?: RequestMethod
  /**
   * Nest's own name for `maxBufferedBytes`, so that a route need not be changed: in bytes here. 0 and `Infinity` lift
   * the limit.
   */
  maxPendingDataLength?: number
}

/**
 * Declares a route whose handler answers with an event stream: a drop-in for Nest's own `@Sse()`.
 *
 * The handler returns, or promises, an Observable, an async generator, a `ReadableStream`, a subscription of a hub, a
 * function that is given the stream, or `null`, which answers 204. Guards, pipes, interceptors, exception filters,
 * `@HttpCode()` and `@Header()` work as with any other route; interceptors see each event. What fails before the stream
 * is open is answered by exception filters.
 *
 * @param path of the route; default `/`.
 * @throws {SseError} `SSE_INVALID_FIELD` naming the option and its limits, or if it decorates something else than a method.
 */
export function Sse<Request = SseRequest>(
  path?: string | string[],
  options: SseRouteOptions<Request> = {},
): MethodDecorator {
  const complete = completeWith({ ...options, maxBufferedBytes: maxBufferedBytesOf(options) }, undefined)
  const mapping = RequestMapping({
    ...(path !== undefined && { path }),
    ...(options.method !== undefined && { method: options.method }),
  })
  return (target, key, descriptor) => {
    const handler: unknown = descriptor?.value
    if (typeof handler !== 'function') {
      throw new SseError('SSE_INVALID_FIELD', '`@Sse()` decorates a method: put it above one.')
    }
    const method = streamMethod(target, key, handler as HandlerMethod)
    surround(target.constructor)
    const mayAskForSignal = hasCustomParameter(target.constructor, key)
    // The platform's request is whatever the application says it is.
    defineRoute({ optionsFor: (request) => complete(request as Request), mayAskForSignal }, method)
    // The very same descriptor: `applyDecorators` of Nest's hands that on, and not what a decorator answers.
    const replaced: PropertyDescriptor = Object.assign(descriptor, { value: method })
    mapping(target, key, replaced)
    if (!Reflect.hasMetadata(HTTP_CODE_METADATA, method)) HttpCode(200)(target, key, replaced)
    return replaced
  }
}

function maxBufferedBytesOf({ maxBufferedBytes, maxPendingDataLength }: SseRouteOptions<never>): number | undefined {
  if (maxBufferedBytes !== undefined) return maxBufferedBytes
  // As Nest does, take what is no number for nothing said.
  if (maxPendingDataLength === undefined || Number.isNaN(maxPendingDataLength)) return undefined
  const isUnlimited = maxPendingDataLength === 0 || maxPendingDataLength === Number.POSITIVE_INFINITY
  return isUnlimited ? Number.MAX_SAFE_INTEGER : maxPendingDataLength
}

function hasCustomParameter(controller: object, key: string | symbol): boolean {
  const parameters: object = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, key) ?? {}
  return Object.keys(parameters).some((name) => name.includes(CUSTOM_ROUTE_ARGS_METADATA))
}
