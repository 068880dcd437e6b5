import * as nest from '@nestjs/common'
import {
  type BeforeApplicationShutdown,
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  Optional,
} from '@nestjs/common'
import { ApplicationConfig } from '@nestjs/core'
import { Observable } from 'rxjs'
import { exchangeOf, registerExchange, releaseExchange } from './exchanges.ts'
import { surroundGlobalInterceptors } from './global-interceptors.ts'
import { INTERCEPTORS_METADATA } from './nest-metadata.ts'
import { type PlatformExchange, platformExchange } from './platform.ts'
import { routeOf } from './route.ts'
import { StreamExchange } from './stream-exchange.ts'
import { defaultStreams, Streams } from './streams.ts'

/**
 * The outermost interceptor of a controller with a route of `@Sse()`: it streams what comes out of the others. Nest makes
 * one in each module that has such a controller.
 */
export class SseInterceptor implements NestInterceptor, BeforeApplicationShutdown {
  readonly #streams: Streams
  readonly #hasGlobalInterceptors: () => boolean

  constructor(config: ApplicationConfig, streams: Streams | undefined) {
    this.#streams = streams ?? defaultStreams(config)
    this.#hasGlobalInterceptors = surroundGlobalInterceptors(config, this)
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const route = routeOf(context.getHandler())
    if (route === undefined) return next.handle()
    const request: object = context.switchToHttp().getRequest()
    const response: object = context.switchToHttp().getResponse()
    // One further out has it in hand.
    if (exchangeOf(response) !== undefined) return next.handle()
    return new Observable((subscriber) => {
      const platform = platformExchange(request, response)
      if (route.mayAskForSignal) attachSignal(request, platform)
      const isIntercepted = this.#isIntercepted(context)
      const exchange = new StreamExchange({
        platform,
        isIntercepted,
        optionsFor: () => this.#streams.optionsFor(request, route.optionsFor(request)),
        opened: (stream) => {
          this.#streams.add(stream, platform.outgoing)
          // Others may call the handler again.
          if (!isIntercepted) releaseExchange(response)
          platform.whenAnswered(() => {
            subscriber.next(undefined)
            subscriber.complete()
          })
        },
        failed: (error) => subscriber.error(error),
      })
      registerExchange(response, exchange)
      exchange.begin(next.handle())
    })
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.#streams.beforeApplicationShutdown()
  }

  /** Whether others stand between. */
  #isIntercepted(context: ExecutionContext): boolean {
    return (
      this.#hasGlobalInterceptors() ||
      interceptorsOf(context.getClass()).some((interceptor) => interceptor !== SseInterceptor) ||
      interceptorsOf(context.getHandler()).length > 0
    )
  }
}

// What decorators would say: the sources are built without them.
Injectable()(SseInterceptor)
Inject(ApplicationConfig)(SseInterceptor, undefined, 0)
Inject(Streams)(SseInterceptor, undefined, 1)
Optional()(SseInterceptor, undefined, 1)

/**
 * Puts the interceptor around all others of a controller. Method decorators run before those of their class, and Nest adds
 * what a class is decorated with to what there is.
 */
export function surround(controller: object): void {
  const others = interceptorsOf(controller).filter((interceptor) => interceptor !== SseInterceptor)
  Reflect.defineMetadata(INTERCEPTORS_METADATA, [SseInterceptor, ...others], controller)
}

function interceptorsOf(target: object): readonly unknown[] {
  return Reflect.getMetadata(INTERCEPTORS_METADATA, target) ?? []
}

/** For `@SseSignal()`, where Nest has it: the signal of a request, aborted when its stream has ended or the client gone. */
function attachSignal(request: object, { outgoing, incoming }: PlatformExchange): void {
  if (!('SSE_ABORT_CONTROLLER' in nest)) return
  const carrier: { [nest.SSE_ABORT_CONTROLLER]?: AbortController } = request
  if (carrier[nest.SSE_ABORT_CONTROLLER] !== undefined) return
  const controller = new AbortController()
  Object.assign(incoming, { [nest.SSE_ABORT_CONTROLLER]: controller })
  Object.assign(request, { [nest.SSE_ABORT_CONTROLLER]: controller })
  if (outgoing.destroyed) controller.abort()
  else outgoing.once('close', () => controller.abort())
}
