import type { Server } from 'node:http'
import {
  type ArgumentsHost,
  Body,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpCode,
  HttpException,
  HttpStatus,
  type INestApplication,
  Post,
  RequestMethod,
  type Type,
  UseGuards,
} from '@nestjs/common'
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core'
import { Test } from '@nestjs/testing'
import type { Source } from '@sse/core'
import { type AdapterApp, type AdapterRoute, type AdapterServer, adapterApp, adapterContract } from '@sse/core/testing'
import { describe, it } from 'vitest'
import { Sse, SseModule } from '../src/index.ts'
import { PLATFORMS, type Platform } from './platforms.ts'

describe.each(PLATFORMS)('the contract of adapters on $name', (platform) => {
  for (const { name, run, timeout } of adapterContract({ start: () => start(platform) })) it(name, run, timeout)
})

async function start({ adapter }: Platform): Promise<AdapterServer> {
  const contract = adapterApp()
  const testing = await Test.createTestingModule({
    imports: [SseModule.forRoot({ hub: contract.hub })],
    controllers: [controllerFor(contract)],
    providers: [{ provide: APP_FILTER, useFactory: filterFor(contract), inject: [HttpAdapterHost] }],
  }).compile()
  const app = testing.createNestApplication(adapter(), { logger: false })
  useOuterMiddleware(app)
  await app.listen(0, '127.0.0.1')
  const server: Server = app.getHttpServer()
  const close = (): void => {
    void app.close()
    server.closeAllConnections()
  }
  return { url: await app.getUrl(), close, server }
}

/** What Express and Fastify's own middleware both have. */
interface OuterResponse {
  readonly headersSent: boolean
  setHeader(name: string, value: string): void
  appendHeader(name: string, value: string): void
}

function useOuterMiddleware(app: INestApplication): void {
  app.use((_request: unknown, response: OuterResponse, next: () => void) => {
    next()
    if (response.headersSent) return
    response.setHeader('X-Outer', 'after')
    response.appendHeader('Set-Cookie', 'outer=1')
  })
  app.use((_request: unknown, response: OuterResponse, next: () => void) => {
    response.appendHeader('Set-Cookie', 'inner=1')
    next()
  })
}

function controllerFor({ hub, routes, refusal, control }: AdapterApp): Type {
  class Refusing implements CanActivate {
    canActivate(): boolean {
      throw new HttpException(refusal.body, refusal.status)
    }
  }

  @Controller()
  class ContractController {
    @UseGuards(new Refusing())
    @Sse('refused')
    refused(): Source {
      return hub.subscribe('hub')
    }

    @UseGuards(new Refusing())
    @Get('refused-plainly')
    refusedPlainly(): void {}

    @HttpCode(HttpStatus.OK)
    @Post('control')
    control(@Body() body: unknown): Promise<unknown> {
      return control(body)
    }
  }
  for (const route of routes) mount(ContractController, route)
  return ContractController
}

/** Adds a method to a controller, decorated as it would be if it stood there. */
function mount({ prototype }: Type, { method, path, before, source, options = {} }: AdapterRoute): void {
  const name = `${method} ${path}`
  const { status = HttpStatus.OK, principal, expiresAt, address: _address, hub: _hub, ...rest } = options
  const handler = {
    [name](body: unknown): Source | Promise<Source> {
      return before === undefined ? source({ body }) : before().then(() => source({ body }))
    },
  }[name]
  const descriptor = { value: handler, configurable: true, writable: true }
  Body()(prototype, name, 0)
  const decorated = decorators().reduce(
    (decorated, decorate) => decorate(prototype, name, decorated) ?? decorated,
    descriptor as PropertyDescriptor,
  )
  Object.defineProperty(prototype, name, decorated)

  function decorators(): readonly MethodDecorator[] {
    const routeOptions = {
      ...rest,
      method: RequestMethod[method],
      ...(principal !== undefined && { principal: () => principal }),
      ...(expiresAt !== undefined && { expiresAt }),
    }
    try {
      return [Sse(path, routeOptions), HttpCode(status)]
    } catch (error) {
      // A bad option is refused as the route is declared: before there is a request that could fail by it.
      descriptor.value = () => Promise.reject(error)
      return [Sse(path)]
    }
  }
}

/** Answers errors as the contract says; those of Nest itself, as its guards throw them, as Nest does. */
function filterFor({ handled }: AdapterApp): (host: HttpAdapterHost) => ExceptionFilter {
  @Catch()
  class ContractFilter implements ExceptionFilter {
    readonly #host: HttpAdapterHost

    constructor(host: HttpAdapterHost) {
      this.#host = host
    }

    catch(error: unknown, host: ArgumentsHost): void {
      const response = host.switchToHttp().getResponse()
      if (error instanceof HttpException) {
        this.#host.httpAdapter.reply(response, error.getResponse(), error.getStatus())
        return
      }
      const { status, body } = handled(error)
      this.#host.httpAdapter.reply(response, body, status)
    }
  }
  return (host) => new ContractFilter(host)
}
