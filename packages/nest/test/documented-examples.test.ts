/**
 * What the documentation of Nest shows of its own `@Sse()`, with one change: where `Sse` is imported from.
 *
 * @see https://docs.nestjs.com/http/server-sent-events
 */
import { EventEmitter, once } from 'node:events'
import * as common from '@nestjs/common'
import { Controller, Get, type MessageEvent, Module, Res } from '@nestjs/common'
import { readEvents } from '@sse/core/testing'
import { deferred } from '@sse/tooling/deferred'
import { EventSource } from 'eventsource'
import { EMPTY, finalize, interval, map, Observable } from 'rxjs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Sse } from '../src/index.ts'
import { PLATFORMS } from './platforms.ts'
import { serve } from './serve.ts'

/** The sample application has an index page, too. */
@Controller()
class AppController {
  @Get()
  index(@Res() response: { type(type: string): { send(text: string): void } }) {
    response.type('text/html').send("<script>new EventSource('/sse')</script>")
  }

  @Sse('sse')
  sse(): Observable<MessageEvent> {
    return interval(1000).pipe(map((_) => ({ data: { hello: 'world' } }) as MessageEvent))
  }
}

@Module({ controllers: [AppController] })
class AppModule {}

/** What takes a while to set up, and is to be let go of. */
class Session extends EventEmitter {
  isOpen = true
  start() {
    const timer = setInterval(() => this.emit('data', 'token'), 5)
    return Object.assign(this, { stop: () => clearInterval(timer) })
  }
  close() {
    this.isOpen = false
  }
}

describe.each(PLATFORMS)("Nest's own examples on $name", (platform) => {
  it('the sample: an event each second, for an EventSource', async () => {
    const { url } = await serve(platform, { imports: [AppModule] })
    expect(await (await fetch(url)).text()).toContain('EventSource')
    const source = new EventSource(`${url}/sse`)
    onTestFinished(() => source.close())
    const message = deferred<string>()
    source.onmessage = ({ data }) => message.resolve(data)
    expect(JSON.parse(await message.promise)).toEqual({ hello: 'world' })
  })

  it('`finalize` is called when the client disconnects', async () => {
    const finalized = deferred()
    @Controller()
    class Finalizing {
      @Sse('sse')
      sse(): Observable<MessageEvent> {
        return interval(5).pipe(
          map((_) => ({ data: { hello: 'world' } })),
          finalize(() => finalized.resolve()),
        )
      }
    }
    const { url } = await serve(platform, { controllers: [Finalizing] })
    await readEvents(`${url}/sse`, { take: 2 })
    await finalized.promise
  })

  it.runIf('SseSignal' in common)('a handler that sets something up, and lets go of it', async () => {
    const sessions: Session[] = []
    const setUp = new EventEmitter()
    const signals: AbortSignal[] = []
    @Controller()
    class Setup {
      @Sse('stream')
      async stream(@common.SseSignal() signal: AbortSignal): Promise<Observable<MessageEvent>> {
        signals.push(signal)
        setUp.emit('begun')
        await once(setUp, 'done')
        const session = new Session()
        sessions.push(session)

        if (signal.aborted) {
          session.close()
          return EMPTY
        }

        return new Observable((subscriber) => {
          const stream = session.start()
          stream.on('data', (data) => subscriber.next({ data }))

          return () => {
            stream.stop()
            session.close()
          }
        })
      }
    }
    const { client, url } = await serve(platform, { controllers: [Setup] })

    // The client goes while the promise is still resolving.
    const begun = once(setUp, 'begun')
    const gone = client().request('GET /stream')
    await begun
    gone.socket.destroy()
    await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true))
    setUp.emit('done')
    await vi.waitFor(() => expect(sessions.map(({ isOpen }) => isOpen)).toEqual([false]))

    // It stays, and goes later.
    const begunAgain = once(setUp, 'begun')
    const reading = readEvents(`${url}/stream`, { take: 2 })
    await begunAgain
    setUp.emit('done')
    expect(await reading).toMatchObject([{ data: 'token' }, { data: 'token' }])
    await vi.waitFor(() => expect(sessions.map(({ isOpen }) => isOpen)).toEqual([false, false]))
    await vi.waitFor(() => expect(signals[1]?.aborted).toBe(true))
  })

  it.runIf('SseSignal' in common)('the signal is aborted also when the stream has simply ended', async () => {
    const aborted = deferred()
    @Controller()
    class Ending {
      @Sse('stream')
      async stream(@common.SseSignal() signal: AbortSignal): Promise<Observable<MessageEvent>> {
        signal.addEventListener('abort', () => aborted.resolve())
        return new Observable<MessageEvent>((subscriber) => {
          subscriber.next({ data: 'tick', type: 'tick', comment: 'kept', retry: 5 })
          subscriber.complete()
        })
      }
    }
    const { url } = await serve(platform, { controllers: [Ending] })
    const reading = readEvents(`${url}/stream`)
    expect(await reading).toMatchObject([{ event: 'tick', data: 'tick' }])
    expect(reading.retry).toBe(5)
    await aborted.promise
  })
})
