import { createHub, type SseStream } from '@sse/core'
import { deferred } from '@sse/tooling/deferred'
import { RawClient } from '@sse/tooling/raw-client'
import type { Request, Response } from 'express'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { serve } from '../test/serve.ts'
import { VERSIONS } from '../test/versions.ts'
import { eventStream } from './index.ts'

describe('eventStream', () => {
  it('rejects where there is no router to tell, and leaves the response to the caller', async () => {
    const boom = new Error('boom')
    const outcome = deferred<unknown>()
    const { url } = await serve((req, res) => {
      eventStream(Object.assign(req, { ip: undefined }), res, () => Promise.reject(boom)).catch((error: unknown) => {
        outcome.resolve(error)
        res.writeHead(502).end()
      })
    })
    expect((await fetch(url)).status).toBe(502)
    expect(await outcome.promise).toBe(boom)
  })

  it('types: takes requests and responses of any type', () => {
    interface User {
      id: string
    }
    const handler = (
      req: Request<User, { sent: 1 }, { prompt: string }, { q: string }, { user: User }>,
      res: Response<{ sent: 1 }, { user: User }>,
    ): Promise<SseStream> => eventStream(req, res, (stream) => void expectTypeOf(stream).toEqualTypeOf<SseStream>())
    expectTypeOf(handler).returns.resolves.toEqualTypeOf<SseStream>()
  })
})

describe.each(VERSIONS)('eventStream on $name', ({ express }) => {
  it('needs no middleware: a subscription brings its hub, and Express the address', async () => {
    const hub = createHub()
    const app = express().set('trust proxy', 'loopback')
    app.get('/', (req, res) => eventStream(req, res, hub.subscribe('a'), { principal: 'ada' }))
    const client = new RawClient((await serve(app)).port).request('GET /', 'X-Forwarded-For: 203.0.113.7')
    await client.until('\n\n')
    expect([...hub.connections]).toMatchObject([{ principal: 'ada', address: '203.0.113.7', topics: ['a'] }])
    await hub.publish('a', { data: 'hello' })
    await client.until('data: hello\n')
  })

  it('makes another source a stream of a hub, where its options name one', async () => {
    const hub = createHub()
    const app = express()
    app.get('/hub', (req, res) => eventStream(req, res, () => {}, { hub }))
    app.get('/none', (req, res) => eventStream(req, res, () => {}))
    const { port } = await serve(app)
    await new RawClient(port).request('GET /none').until(':\n\n')
    expect(hub.size).toBe(0)
    await new RawClient(port).request('GET /hub').until(':\n\n')
    expect(hub.size).toBe(1)
  })
})
