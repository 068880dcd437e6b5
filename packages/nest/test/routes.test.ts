import { setTimeout as wait } from 'node:timers/promises'
import {
  All,
  applyDecorators,
  Catch,
  Controller,
  Get,
  Header,
  Headers,
  HttpCode,
  type INestApplication,
  Injectable,
  Sse as NestSse,
  Param,
  Query,
  RequestMethod,
  Res,
  Scope,
  Version,
  VersioningType,
} from '@nestjs/common'
import { LazyModuleLoader, REQUEST } from '@nestjs/core'
import { createHub, type SseStream } from '@sse/core'
import { readEvents, takeEvents } from '@sse/core/testing'
import { interval, map, Observable, of, take } from 'rxjs'
import request from 'supertest'
import { describe, expect, it, vi } from 'vitest'
import { LastEventId, type MessageEvent, Sse, SseModule } from '../src/index.ts'
import { PLATFORMS } from './platforms.ts'
import { serve } from './serve.ts'

describe.each(PLATFORMS)('@Sse() on $name', (platform) => {
  it('[F4] streams an async generator with status 200, where Nest answers 500', async () => {
    @Controller()
    class Ours {
      @Sse('ours')
      async *ours() {
        yield { data: 1 }
      }
    }
    @Controller()
    class Theirs {
      @NestSse('theirs')
      async *theirs() {
        yield { data: 1 }
      }
    }
    const { url } = await serve(platform, { controllers: [Ours, Theirs] })
    expect(await readEvents(`${url}/ours`)).toMatchObject([{ data: '1' }])
    expect((await fetch(`${url}/theirs`)).status).toBe(500)
  })

  it('[F4] answers a POST with 200, where Nest answers 201', async () => {
    @Controller()
    class Posting {
      @Sse('ours', { method: RequestMethod.POST })
      async *ours() {
        yield { data: 1 }
      }

      @NestSse('theirs', { method: RequestMethod.POST })
      theirs() {
        return of({ data: 1 })
      }
    }
    const { url } = await serve(platform, { controllers: [Posting] })
    expect((await fetch(`${url}/ours`, { method: 'POST' })).status).toBe(200)
    expect((await fetch(`${url}/theirs`, { method: 'POST' })).status).toBe(201)
    expect((await fetch(`${url}/ours`)).status).toBe(404)
  })

  it('[F4] leaves events without id without, where Nest counts them', async () => {
    @Controller()
    class Ids {
      @Sse('ours')
      ours() {
        return of({ data: 1 }, { data: 2, id: 'mine' }, { data: 3 })
      }
    }
    const { client } = await serve(platform, { controllers: [Ids] })
    const received = await client().request('GET /ours').until('0\r\n\r\n')
    expect(received.match(/^id: .*$/gm)).toEqual(['id: mine'])
  })

  it('[F4] keeps the name, the length and the metadata of the method, wherever its decorators stand', () => {
    const Above = (target: object, _key: string, { value }: PropertyDescriptor): void =>
      Reflect.defineMetadata('above', 'a', value ?? target)
    const Below = (target: object, _key: string, { value }: PropertyDescriptor): void =>
      Reflect.defineMetadata('below', 'b', value ?? target)
    class Decorated {
      @Above
      @Sse('prices')
      @Below
      prices(_one: string, _two: string) {
        return of()
      }
    }
    const { prices } = Decorated.prototype
    expect({ name: prices.name, length: prices.length }).toEqual({ name: 'prices', length: 2 })
    expect(Reflect.getMetadata('above', prices)).toBe('a')
    expect(Reflect.getMetadata('below', prices)).toBe('b')
    expect(Reflect.getMetadata('path', prices)).toBe('prices')
  })

  it("may be one of several decorators that Nest's `applyDecorators` makes one of, wherever it stands there", async () => {
    const First = (path: string) => applyDecorators(Sse(path), Header('X-Note', 'composed'), HttpCode(202))
    const Last = (path: string) => applyDecorators(Header('X-Note', 'composed'), HttpCode(202), Sse(path))
    @Controller()
    class Composed {
      @First('first')
      async *first() {
        yield 'hello'
      }

      @Last('last')
      async *last() {
        yield 'hello'
      }
    }
    const { url } = await serve(platform, { controllers: [Composed] })
    for (const path of ['first', 'last']) {
      const response = await fetch(`${url}/${path}`)
      expect([response.status, response.headers.get('x-note')]).toEqual([202, 'composed'])
      expect(await response.text()).toContain('data: hello\n')
    }
  })

  it('leaves the method to be called by the application itself', async () => {
    class Called {
      readonly n = 7
      @Sse()
      async *numbers(from: number) {
        yield { data: from + this.n }
      }
    }
    const events = []
    for await (const event of new Called().numbers(1)) events.push(event)
    expect(events).toEqual([{ data: 8 }])
  })

  it('takes `@HttpCode()`, above and below', async () => {
    @Controller()
    class Codes {
      @HttpCode(202)
      @Sse('above')
      above() {
        return of({ data: 1 })
      }

      @Sse('below', { method: RequestMethod.POST })
      @HttpCode(202)
      below() {
        return of({ data: 1 })
      }
    }
    const { url } = await serve(platform, { controllers: [Codes] })
    expect((await fetch(`${url}/above`)).status).toBe(202)
    expect((await fetch(`${url}/below`, { method: 'POST' })).status).toBe(202)
  })

  it('takes `@Header()`, and headers that a handler sets on the response', async () => {
    @Controller()
    class Headed {
      @Header('X-Fixed', 'yes')
      @Header('Cache-Control', 'private')
      @Sse('events', { headers: { 'X-Route': 'route' } })
      events(@Res({ passthrough: true }) response: { header(name: string, value: string): void }) {
        response.header('X-Handler', 'handler')
        return of({ data: 1 })
      }
    }
    const { url } = await serve(platform, { controllers: [Headed] })
    const reading = readEvents(`${url}/events`)
    const { headers } = await reading.response
    expect(headers.get('x-fixed')).toBe('yes')
    expect(headers.get('cache-control')).toBe('private')
    expect(headers.get('x-handler')).toBe('handler')
    expect(headers.get('x-route')).toBe('route')
    expect(await reading).toMatchObject([{ data: '1' }])
  })

  it('is all that answers, also where a handler asks for the response', async () => {
    const hub = createHub()
    const handled = vi.fn()
    @Controller()
    class Asking {
      @Sse('events')
      events(@Res({ passthrough: true }) _response: unknown) {
        return hub.subscribe('a')
      }
    }
    @Catch()
    class Filter {
      catch(error: unknown) {
        handled(error)
      }
    }
    const { client } = await serve(platform, { controllers: [Asking] }, (app) => app.useGlobalFilters(new Filter()))
    const reader = client().request('GET /events')
    await reader.until('id: ')
    await wait(50)
    await hub.publish('a', { data: 'one' })
    await reader.until('data: one\n')
    expect(handled).not.toHaveBeenCalled()
  })

  it('gives a handler its arguments and no other', async () => {
    const called = vi.fn()
    @Controller()
    class Arguments {
      @Sse(':symbol')
      events(@Param('symbol') _symbol: string) {
        // biome-ignore lint/complexity/noArguments: it is about how many there are.
        called(...arguments)
        return of({ data: 1 })
      }

      @Sse('two/:symbol')
      two(@Query('q') q: string, unknown: unknown, @Param('symbol') symbol: string) {
        called(q, unknown, symbol)
        return of({ data: 1 })
      }
    }
    const { url } = await serve(platform, { controllers: [Arguments] })
    await readEvents(`${url}/AAPL`)
    expect(called).toHaveBeenLastCalledWith('AAPL')
    await readEvents(`${url}/two/MSFT?q=7`)
    expect(called).toHaveBeenLastCalledWith('7', undefined, 'MSFT')
  })

  it('takes several paths, and none', async () => {
    @Controller('prices')
    class Paths {
      @Sse(['one', 'two'])
      several() {
        return of({ data: 'several' })
      }

      @Sse()
      none() {
        return of({ data: 'none' })
      }
    }
    const { url } = await serve(platform, { controllers: [Paths] })
    expect(await readEvents(`${url}/prices/two`)).toMatchObject([{ data: 'several' }])
    expect(await readEvents(`${url}/prices`)).toMatchObject([{ data: 'none' }])
  })

  it("takes Nest's `type` for `event`, and data that is no object", async () => {
    @Controller()
    class Messages {
      @Sse('messages')
      messages(): Observable<MessageEvent | string | number> {
        return of({ type: 'tick', data: { n: 1 } }, { event: 'standard', data: 'a' }, 'text', 7)
      }

      @Sse('generated')
      async *generated(): AsyncGenerator<MessageEvent> {
        yield { type: 'tick', data: 'g' }
      }

      @Sse('sent')
      sent() {
        return async ({ send }: SseStream) => {
          await send({ type: 'tick', data: 's' } as MessageEvent)
        }
      }
    }
    const { url } = await serve(platform, { controllers: [Messages] })
    expect(await readEvents(`${url}/messages`)).toMatchObject([
      { event: 'tick', data: '{"n":1}' },
      { event: 'standard', data: 'a' },
      { event: 'message', data: 'text' },
      { event: 'message', data: '7' },
    ])
    expect(await readEvents(`${url}/generated`)).toMatchObject([{ event: 'tick', data: 'g' }])
    expect(await readEvents(`${url}/sent`)).toMatchObject([{ event: 'tick', data: 's' }])
  })

  it('gives `@LastEventId()`: of the header, else of the query, and nothing that cannot be one', async () => {
    @Controller()
    class Resuming {
      @Sse('from')
      async *from(@LastEventId() last: string | undefined) {
        yield { data: String(last) }
      }
    }
    const { url } = await serve(platform, { controllers: [Resuming] })
    const [of0, ofHeader, ofQuery, ofNonsense] = await Promise.all([
      readEvents(`${url}/from`),
      readEvents(`${url}/from?lastEventId=query`, { lastEventId: 'header' }),
      readEvents(`${url}/from?lastEventId=query`),
      readEvents(`${url}/from?lastEventId=${'x'.repeat(300)}`),
    ])
    expect([of0, ofHeader, ofQuery, ofNonsense].map((events) => events[0]?.data)).toEqual([
      'undefined',
      'header',
      'query',
      'undefined',
    ])
  })

  it('works with supertest, too', async () => {
    const hub = createHub<{ message: string }>()
    @Controller()
    class Hubs {
      @Sse('hub')
      hub() {
        return hub.subscribe('a', { replay: 'all' })
      }
    }
    const { server } = await serve(platform, { controllers: [Hubs] })
    await hub.publish('a', { data: 'one' })
    const { body } = await request(server).get('/hub').buffer(true).parse(takeEvents(1))
    expect(body).toMatchObject([{ data: 'one' }])
  })

  it('works under a prefix, and with versions', async () => {
    @Controller({ path: 'prices' })
    class Versions {
      @Version('1')
      @Sse()
      one() {
        return of({ data: 'one' })
      }

      @Version('2')
      @Sse()
      two() {
        return of({ data: 'two' })
      }

      @Version('3')
      @All()
      three() {
        return 'three'
      }
    }
    const { url } = await serve(platform, { controllers: [Versions] }, (app) =>
      app.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI }),
    )
    expect(await readEvents(`${url}/api/v1/prices`)).toMatchObject([{ data: 'one' }])
    expect(await readEvents(`${url}/api/v2/prices`)).toMatchObject([{ data: 'two' }])
    expect(await (await fetch(`${url}/api/v3/prices`)).text()).toBe('three')
  })

  it('works in controllers that are made for each request', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Asking {
      static inject = [REQUEST]
      readonly request: { readonly headers: Readonly<Record<string, string>> }
      constructor(request: { readonly headers: Readonly<Record<string, string>> }) {
        this.request = request
      }
    }
    @Controller()
    class Scoped {
      readonly asking: Asking
      constructor(asking: Asking) {
        this.asking = asking
      }

      @Sse('who')
      async *who() {
        yield { data: this.asking.request.headers['x-who'] }
      }
    }
    const { url } = await serve(platform, {
      controllers: [Scoped],
      providers: [
        { provide: Asking, useFactory: (own: never) => new Asking(own), inject: [REQUEST], scope: Scope.REQUEST },
      ],
    })
    const names = await Promise.all(
      ['ada', 'bob'].map(async (who) => (await readEvents(`${url}/who`, { headers: { 'X-Who': who } }))[0]?.data),
    )
    expect(names).toEqual(['ada', 'bob'])
  })

  it("takes Nest's `maxPendingDataLength` for `maxBufferedBytes`", async () => {
    const hub = createHub()
    const flood = (): Observable<unknown> =>
      new Observable((subscriber) => {
        for (let n = 0; n < 100 && !subscriber.closed; n++) subscriber.next('x'.repeat(100_000))
        subscriber.next('end')
        subscriber.complete()
      })
    @Controller()
    class Floods {
      @Sse('bounded', { maxPendingDataLength: 100_000 })
      bounded() {
        return flood()
      }

      @Sse('unbounded', { maxPendingDataLength: 0 })
      unbounded() {
        return flood()
      }
    }
    const { client, url } = await serve(platform, { imports: [SseModule.forRoot({ hub })], controllers: [Floods] })
    client({ reads: false }).request('GET /bounded')
    await vi.waitFor(() => expect(hub.stats().closed.slow).toBe(1))
    expect((await readEvents(`${url}/unbounded`)).at(-1)).toMatchObject({ data: 'end' })
  })

  it('is inherited, and may be overridden', async () => {
    abstract class Base {
      abstract name(): string

      @Sse('inherited')
      async *inherited() {
        yield { data: this.name() }
      }

      @Sse('overridden')
      overridden(@Query('q') q: string) {
        return of({ data: `base ${q}` })
      }

      @Sse('counted')
      counted(@Query('q') _q: string) {
        return of({ data: 'base' })
      }
    }
    @Controller('a')
    class A extends Base {
      override name() {
        return 'A'
      }
    }
    @Controller('b')
    class B extends Base {
      override name() {
        return 'B'
      }

      @Sse('overridden')
      override overridden(@Query('q') q: string, @Query('r') r?: string) {
        return of({ data: `B ${q} ${r}` })
      }

      @Sse('counted')
      override counted(@Query('q') _q: string) {
        // biome-ignore lint/complexity/noArguments: it is about how many there are.
        return of({ data: String(arguments.length) })
      }
    }
    const { url } = await serve(platform, { controllers: [A, B] })
    expect(await readEvents(`${url}/a/inherited`)).toMatchObject([{ data: 'A' }])
    expect(await readEvents(`${url}/b/inherited`)).toMatchObject([{ data: 'B' }])
    expect(await readEvents(`${url}/a/overridden?q=1&r=2`)).toMatchObject([{ data: 'base 1' }])
    expect(await readEvents(`${url}/b/overridden?q=1&r=2`)).toMatchObject([{ data: 'B 1 2' }])
    expect(await readEvents(`${url}/b/counted?q=1`)).toMatchObject([{ data: '1' }])
  })

  it('leaves the other routes of its controller as they were', async () => {
    @Controller()
    class Mixed {
      @Sse('events')
      events() {
        return of({ data: 1 })
      }

      @Get('json')
      json(@Headers('x-who') who: string) {
        return { who }
      }

      @NestSse('theirs')
      theirs() {
        return interval(5).pipe(map((n) => ({ data: { n } })))
      }
    }
    const { url } = await serve(platform, { controllers: [Mixed] })
    expect(await (await fetch(`${url}/json`, { headers: { 'X-Who': 'ada' } })).json()).toEqual({ who: 'ada' })
    expect(await readEvents(`${url}/theirs`, { take: 1 })).toMatchObject([{ data: '{"n":0}', id: '1' }])
  })

  it('opens the stream of an Observable that is quiet, and commits not before the handler has returned', async () => {
    @Controller()
    class Quiet {
      @Sse('quiet', { commitAfter: 30 })
      async quiet() {
        await wait(60)
        return new Observable()
      }

      @Sse('refused', { commitAfter: 1 })
      async refused() {
        await wait(60)
        throw Object.assign(new Error('refused'), { status: 403 })
      }
    }
    const { client, url } = await serve(platform, { controllers: [Quiet] })
    await client().request('GET /quiet').until(':\n\n')
    expect((await fetch(`${url}/refused`)).status).toBe(500)
  })

  it('works in modules that are loaded late', async () => {
    // Nest registers no routes of modules that are loaded late: what they have is what the application calls.
    @Controller()
    class Late {
      @Sse('late')
      async *late() {
        yield { data: 1 }
      }
    }
    class LateModule {}
    Reflect.defineMetadata('controllers', [Late], LateModule)
    const { app }: { app: INestApplication } = await serve(platform, {})
    const late = await app.get(LazyModuleLoader).load(() => LateModule)
    expect(late.get(Late, { strict: false })).toBeInstanceOf(Late)
  })

  it('stops an interval when the client goes', async () => {
    let observers = 0
    @Controller()
    class Ticks {
      @Sse('ticks')
      ticks() {
        return new Observable((subscriber) => {
          observers++
          subscriber.add(
            interval(5)
              .pipe(
                take(10_000),
                map((n) => ({ data: { n } })),
              )
              .subscribe(subscriber),
          )
          subscriber.add(() => observers--)
        })
      }
    }
    const { client } = await serve(platform, { controllers: [Ticks] })
    const reader = client().request('GET /ticks')
    await reader.until('"n":3')
    expect(observers).toBe(1)
    reader.socket.destroy()
    await vi.waitFor(() => expect(observers).toBe(0))
  })
})
