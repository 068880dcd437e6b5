import {
  type ArgumentsHost,
  BadRequestException,
  Body,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Injectable,
  Logger,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  RequestMethod,
  SetMetadata,
  type Type,
  UseFilters,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { readEvents } from '@sse/core/testing'
import { IsString } from 'class-validator'
import { Observable, of, throwError } from 'rxjs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Source, Sse, SseError } from '../src/index.ts'
import { PLATFORMS } from './platforms.ts'
import { serve } from './serve.ts'

afterEach(() => vi.restoreAllMocks())

class Prompt {
  @IsString()
  prompt!: string
}

@Injectable()
class Roles implements CanActivate {
  readonly #reflector = new Reflector()

  canActivate(context: ExecutionContext): boolean {
    return this.#reflector.get<string>('role', context.getHandler()) !== 'nobody'
  }
}

/** What an application may refuse, each beside an ordinary route that refuses the same. */
@Controller()
class Refusing {
  @UseGuards(Roles)
  @SetMetadata('role', 'nobody')
  @Sse('guarded')
  guarded() {
    return of({ data: 1 })
  }

  @UseGuards(Roles)
  @SetMetadata('role', 'nobody')
  @Get('plainly/guarded')
  plainlyGuarded() {}

  @Sse('piped/:n')
  piped(@Param('n', ParseIntPipe) n: number) {
    return of({ data: n + 1 })
  }

  @Get('plainly/piped/:n')
  plainlyPiped(@Param('n', ParseIntPipe) _n: number) {}

  @Sse('validated', { method: RequestMethod.POST })
  async *validated(@Body(new ValidationPipe({ transform: true })) body: Prompt) {
    yield { data: `${body instanceof Prompt} ${body.prompt}` }
  }

  @Post('plainly/validated')
  plainlyValidated(@Body(new ValidationPipe()) _body: Prompt) {}

  @Sse('thrown')
  async thrown() {
    throw new NotFoundException('no such feed')
  }

  @Get('plainly/thrown')
  async plainlyThrown() {
    throw new NotFoundException('no such feed')
  }
}

describe.each(PLATFORMS)('what is refused on $name', (platform) => {
  it.each([
    ['a guard that reads the metadata of the handler', 'guarded', {}],
    ['a pipe', 'piped/x', {}],
    [
      'validation',
      'validated',
      { method: 'POST', body: '{"prompt":7}', headers: { 'Content-Type': 'application/json' } },
    ],
    ['the handler', 'thrown', {}],
  ])('by %s is answered byte for byte as by any other route', async (_by, path, init) => {
    const { url } = await serve(platform, { controllers: [Refusing] })
    const [ours, plain] = await Promise.all(
      [`${url}/${path}`, `${url}/plainly/${path}`].map(async (address) => {
        const response = await fetch(address, init)
        const headers = [...response.headers].filter(([name]) => name !== 'date')
        return { status: response.status, headers, body: await response.text() }
      }),
    )
    expect(ours?.status).toBeGreaterThanOrEqual(400)
    expect(ours).toEqual(plain)
  })

  it('is streamed where it is not refused', async () => {
    const { url } = await serve(platform, { controllers: [Refusing] })
    expect(await readEvents(`${url}/piped/7`)).toMatchObject([{ data: '8' }])
    const response = await fetch(`${url}/validated`, {
      method: 'POST',
      body: '{"prompt":"hi"}',
      headers: { 'Content-Type': 'application/json' },
    })
    expect(await readEvents(response)).toMatchObject([{ data: 'true hi' }])
  })
})

const caught = vi.fn()

class Boom extends Error {}

@Catch(Boom)
class BoomFilter implements ExceptionFilter {
  catch(error: Boom, host: ArgumentsHost): void {
    caught(error)
    const response = host.switchToHttp().getResponse()
    const body = { caught: error.message }
    if ('code' in response) response.code(418).send(body)
    else response.status(418).json(body)
  }
}

const boom = (): never => {
  throw new Boom('boom')
}

const FAILING: readonly (readonly [string, () => Source | Promise<Source>])[] = [
  ['a handler that throws', boom],
  ['a handler that rejects', async () => boom()],
  [
    'a generator',
    async function* () {
      boom()
      yield 'never'
    },
  ],
  ['an Observable', () => throwError(() => new Boom('boom'))],
  ['a ReadableStream', () => new ReadableStream({ start: boom })],
  ['a function', () => boom],
  ['a function that rejects', () => async () => boom()],
]

function failing(source: () => Source | Promise<Source>): Type {
  @Controller()
  class Failing {
    @Sse('events')
    events() {
      return source()
    }
  }
  return Failing
}

describe.each(PLATFORMS)('errors before the stream is open on $name', (platform) => {
  it.each(FAILING)('of %s reach an exception filter, once', async (_name, source) => {
    caught.mockClear()
    const { url } = await serve(platform, { controllers: [failing(source)] }, (app) =>
      app.useGlobalFilters(new BoomFilter()),
    )
    const response = await fetch(`${url}/events`)
    expect({ status: response.status, body: await response.json() }).toEqual({ status: 418, body: { caught: 'boom' } })
    expect(caught).toHaveBeenCalledOnce()
  })

  it('reach the filter of the method, and that of the class', async () => {
    caught.mockClear()
    @Controller()
    class OfMethod {
      @UseFilters(BoomFilter)
      @Sse('method')
      async *method() {
        boom()
        yield 'never'
      }
    }
    @Controller()
    @UseFilters(BoomFilter)
    class OfClass {
      @Sse('class')
      async *method() {
        boom()
        yield 'never'
      }
    }
    const { url } = await serve(platform, { controllers: [OfMethod, OfClass] })
    expect((await fetch(`${url}/method`)).status).toBe(418)
    expect((await fetch(`${url}/class`)).status).toBe(418)
    expect(caught).toHaveBeenCalledTimes(2)
  })

  it.each([[undefined], ['text'], [7], [{ data: 1 }]])('are made of what is no source: %o', async (nothing) => {
    caught.mockClear()
    @Catch(SseError)
    class SseErrorFilter extends BoomFilter {}
    const { url } = await serve(platform, { controllers: [failing(() => nothing as never)] }, (app) =>
      app.useGlobalFilters(new SseErrorFilter()),
    )
    const response = await fetch(`${url}/events`)
    expect(response.status).toBe(418)
    expect(caught).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'SSE_INVALID_FIELD' }))
  })

  it('may be of the options of the route: the application is asked for them for each request', async () => {
    @Controller()
    class Optional {
      @Sse('events', {
        principal: () => {
          throw new BadRequestException('who?')
        },
      })
      events() {
        return of({ data: 1 })
      }
    }
    const { url } = await serve(platform, { controllers: [Optional] })
    expect((await fetch(`${url}/events`)).status).toBe(400)
  })
})

describe.each(PLATFORMS)('errors after the stream is open on $name', (platform) => {
  const later = async function* () {
    yield 'first'
    throw new Boom('secret')
  }

  it("go to Nest's logger, never to a filter, and the client learns nothing", async () => {
    caught.mockClear()
    const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {})
    const { client } = await serve(platform, { controllers: [failing(later)] }, (app) =>
      app.useGlobalFilters(new BoomFilter()),
    )
    const received = await client().request('GET /events').until('0\r\n\r\n')
    expect(received).toContain('data: first')
    expect(received).not.toContain('secret')
    expect(caught).not.toHaveBeenCalled()
    expect(error).toHaveBeenCalledExactlyOnceWith('source: secret', expect.stringContaining('errors.test'))
  })

  it('go to `onError` of the route, where it has one', async () => {
    const onError = vi.fn()
    const logged = vi.spyOn(Logger.prototype, 'error')
    @Controller()
    class OnError {
      @Sse('events', { onError })
      events() {
        return new Observable((subscriber) => {
          subscriber.next('first')
          setTimeout(() => subscriber.error(new Boom('secret')), 10)
        })
      }
    }
    const { client } = await serve(platform, { controllers: [OnError] })
    await client().request('GET /events').until('0\r\n\r\n')
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.any(Boom), { stage: 'source' })
    expect(logged).not.toHaveBeenCalled()
  })
})

describe('Sse', () => {
  it.each([
    ['retry', { retry: -1 }],
    ['commitAfter', { commitAfter: 1.5 }],
    ['maxBufferedBytes', { maxBufferedBytes: -1 }],
    ['principal', { principal: 'me' as never }],
    ['headers', { headers: { 'Transfer-Encoding': 'chunked' } }],
  ])('refuses a bad `%s` as the route is declared', (name, options) => {
    expect(() => Sse('path', options)).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining(name) }),
    )
  })

  it('refuses to decorate what is no method', () => {
    expect(() => Sse('path')({}, 'property', { value: 7 } as never)).toThrow(SseError)
  })
})
