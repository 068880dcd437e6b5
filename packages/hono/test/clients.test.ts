import { createAdaptorServer } from '@hono/node-server'
import { createHub, type SseEvent } from '@sse/core'
import { takeEvents } from '@sse/core/testing'
import { EventSource } from 'eventsource'
import { Hono } from 'hono'
import { interval, map } from 'rxjs'
import request from 'supertest'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { SseVariables } from '../src/index.ts'
import { PLATFORMS } from './platforms.ts'
import { serve } from './serve.ts'

describe.each(PLATFORMS)('clients of others, with $name', ({ sse }) => {
  it('[H16] a browser asks again when a finite stream has ended, and no more when it gets `null`', async () => {
    const app = new Hono<{ Variables: SseVariables }>().use(sse({ retry: 1 }))
    let requests = 0
    app.get('/', (c) => {
      requests++
      if (requests > 1) return c.var.sse(null)
      return c.var.sse(async function* () {
        yield 'all there is'
      })
    })
    const source = new EventSource((await serve(app)).url)
    onTestFinished(() => source.close())
    const received: string[] = []
    source.addEventListener('message', ({ data }) => received.push(data))
    await vi.waitFor(() => expect(source.readyState).toBe(EventSource.CLOSED))
    expect(received).toEqual(['all there is'])
    expect(requests).toBe(2)
  })

  it('a browser gets what it has missed, once and in order', async () => {
    const hub = createHub({ retry: 1 })
    const app = new Hono<{ Variables: SseVariables }>().use(sse({ hub }))
    app.get('/', (c) => c.var.sse(hub.subscribe('a')))
    const source = new EventSource((await serve(app)).url)
    onTestFinished(() => source.close())
    const received: string[] = []
    source.addEventListener('message', ({ data }) => received.push(data))
    await vi.waitFor(() => expect(hub.size).toBe(1))
    for (let n = 1; n <= 9; n++) {
      await hub.publish('a', { data: String(n) })
      if (n % 3 === 0) hub.disconnect(() => true)
    }
    await vi.waitFor(() => expect(received).toHaveLength(9))
    expect(received).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
  })

  it('supertest takes as many events of an observable as it is told', async () => {
    const ticks = interval(5).pipe(map((n): SseEvent => ({ event: 'tick', data: { n } })))
    const middleware = sse()
    const app = new Hono<{ Variables: SseVariables }>().use(middleware).get('/', (c) => c.var.sse(ticks))
    const { body } = await request(createAdaptorServer(app)).get('/').buffer(true).parse(takeEvents(2))
    expect(body).toMatchObject([
      { event: 'tick', data: '{"n":0}' },
      { event: 'tick', data: '{"n":1}' },
    ])
    await vi.waitFor(() => expect(middleware.hub.size).toBe(0))
  })
})
