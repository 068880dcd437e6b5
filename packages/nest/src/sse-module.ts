import {
  type DynamicModule,
  type InjectionToken,
  Module,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
  type Type,
} from '@nestjs/common'
import type { AnyEvents } from '@sse/core'
import type { SseRequest } from './route.ts'
import { SseHub } from './sse-hub.ts'
import { Streams, type StreamsOptions } from './streams.ts'

/** What the module is made with: what its hub is, and what holds for all streams. */
export type SseModuleOptions<Request = SseRequest, E extends object = AnyEvents> = StreamsOptions<Request, E>

/** Who gives options that have to be made first. */
export interface SseOptionsFactory<Request = SseRequest, E extends object = AnyEvents> {
  createSseOptions(): SseModuleOptions<Request, E> | Promise<SseModuleOptions<Request, E>>
}

/** How options are made that depend on other providers: one of the three. */
export interface SseModuleAsyncOptions<Request = SseRequest, E extends object = AnyEvents>
  extends Pick<ModuleMetadata, 'imports'> {
  /** Answers the options; it is given what `inject` names. */
  useFactory?: (...dependencies: never[]) => SseModuleOptions<Request, E> | Promise<SseModuleOptions<Request, E>>
  inject?: (InjectionToken | OptionalFactoryDependency)[]
  /** Is made to be asked for the options. */
  useClass?: Type<SseOptionsFactory<Request, E>>
  /** Is asked for the options, as one of the providers of `imports`. */
  useExisting?: Type<SseOptionsFactory<Request, E>>
}

const OPTIONS = Symbol('sse.options')

/**
 * The hub of an application, and what holds for all of its streams. Global: import it once. `@Sse()` works without, with
 * defaults and a hub that nobody can publish to.
 */
// biome-ignore lint/complexity/noStaticOnlyClass: Nest takes a class for a module.
export class SseModule {
  /** @throws {SseError} `SSE_INVALID_FIELD`, when the application is made, naming the option and its limits. */
  static forRoot<Request = SseRequest, E extends object = AnyEvents>(
    options: SseModuleOptions<Request, E> = {},
  ): DynamicModule {
    return moduleWith([{ provide: OPTIONS, useValue: options }])
  }

  static forRootAsync<Request = SseRequest, E extends object = AnyEvents>(
    options: SseModuleAsyncOptions<Request, E>,
  ): DynamicModule {
    return { ...moduleWith(asyncOptions(options)), imports: options.imports ?? [] }
  }
}

Module({})(SseModule)

function moduleWith(options: readonly Provider[]): DynamicModule {
  return {
    module: SseModule,
    global: true,
    providers: [
      ...options,
      { provide: Streams, useFactory: (given: StreamsOptions) => new Streams(given), inject: [OPTIONS] },
      { provide: SseHub, useFactory: ({ hub }: Streams) => hub, inject: [Streams] },
    ],
    exports: [Streams, SseHub],
  }
}

function asyncOptions<Request, E extends object>(options: SseModuleAsyncOptions<Request, E>): readonly Provider[] {
  const { useFactory, inject = [], useClass, useExisting } = options
  if (useFactory !== undefined) return [{ provide: OPTIONS, useFactory, inject }]
  const factory = useExisting ?? useClass
  if (factory === undefined)
    throw new TypeError('SseModule.forRootAsync needs `useFactory`, `useClass` or `useExisting`.')
  const asked: Provider = {
    provide: OPTIONS,
    useFactory: (given: SseOptionsFactory) => given.createSseOptions(),
    inject: [factory],
  }
  return useExisting === undefined ? [asked, factory] : [asked]
}
