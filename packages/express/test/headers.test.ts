import { createHub } from '@sse/core'
import { RawClient } from '@sse/tooling/raw-client'
import session from 'express-session'
import { describe, expect, it } from 'vitest'
import { sse } from '../src/index.ts'
import { serve } from './serve.ts'
import { VERSIONS } from './versions.ts'

declare module 'express-session' {
  interface SessionData {
    visits: number
  }
}

describe.each(VERSIONS)('the head of a stream on $name', ({ express }) => {
  it('[H9] [P1] [P2] has the headers that keep everything on the way from holding or replaying it', async () => {
    const app = express().use(sse())
    app.get('/', (_req, res) => res.sse())
    const response = await fetch((await serve(app)).url)
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('Cache-Control')).toBe('no-cache, no-transform')
    expect(response.headers.get('X-Accel-Buffering')).toBe('no')
    expect(response.headers.get('Content-Length')).toBeNull()
    expect(response.headers.get('ETag')).toBeNull()
    await response.body?.cancel()
  })

  it('[H3] comes at once, with a first frame, though nothing has been published', async () => {
    const app = express().use(sse({ hub: createHub({ retry: 1_234 }) }))
    app.get('/', (_req, res) => res.sse(createHub().subscribe('quiet')))
    const received = await new RawClient((await serve(app)).port).request('GET /').until('\n\n')
    expect(received).toMatch(/^HTTP\/1.1 200 OK\r\n.*\r\n\r\n[\da-f]+\r\nretry: \d+\nid: [\da-z]+\.0\n\n/s)
  })

  it('[H3] comes after `commitAfter`, when a source has nothing to say yet', async () => {
    const app = express().use(sse({ commitAfter: 10 }))
    app.get('/', (_req, res) =>
      res.sse(async function* ({ signal }) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        yield 'never'
      }),
    )
    await new RawClient((await serve(app)).port).request('GET /').until(':\n\n')
  })

  it('keeps what the application has set: status, headers and content type', async () => {
    const app = express().use(sse())
    app.get('/', (_req, res) => {
      res.status(201).set('Cache-Control', 'no-store').set('X-Accel-Buffering', 'yes').type('text/event-stream')
      void res.sse()
    })
    const received = await new RawClient((await serve(app)).port).request('GET /').until(':\n\n')
    expect(received).toMatch(/^HTTP\/1.1 201 /)
    expect(received).toContain('\r\nCache-Control: no-store\r\n')
    expect(received).toContain('\r\nX-Accel-Buffering: yes\r\n')
    expect(received.match(/content-type|cache-control|x-accel-buffering/gi)).toHaveLength(3)
  })

  it('keeps what outer middleware sets after `next()`', async () => {
    const app = express()
    app.use(async (_req, res, next) => {
      await next()
      await null
      res.set('X-Later', '1')
    })
    app.use((_req, res, next) => {
      next()
      res.cookie('after', '1').set('X-After', '1').set('Cache-Control', 'private')
    })
    app.use(sse())
    app.get('/hub', (_req, res) => res.sse(createHub().subscribe('a')))
    app.get('/open', (_req, res) => res.sse())
    app.get('/sent', (_req, res) => res.sse((stream) => void stream.send('at once')))
    const { port } = await serve(app)
    for (const path of ['/hub', '/open', '/sent']) {
      const received = await new RawClient(port).request(`GET ${path}`).until('\n\n')
      expect(received).toContain('\r\nX-Later: 1\r\n')
      expect(received).toContain('\r\nSet-Cookie: after=1; Path=/\r\n')
      expect(received).toContain('\r\nX-After: 1\r\n')
      expect(received).toContain('\r\nCache-Control: private\r\n')
    }
  })

  it('[H8] keeps that also where there is no room for the stream', async () => {
    const hub = createHub({ limits: { connections: 0 } })
    const app = express()
    app.use((_req, res, next) => {
      next()
      res.set('X-After', '1')
    })
    app.use(sse({ hub }))
    app.get('/hub', (_req, res) => res.sse(hub.subscribe('a')))
    app.get('/open', (_req, res) => res.sse())
    const { url } = await serve(app)
    for (const path of ['/hub', '/open']) {
      const refused = await fetch(url + path)
      expect(refused.status).toBe(503)
      expect(refused.headers.get('X-After')).toBe('1')
      expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThanOrEqual(5)
      const later = await fetch(url + path, { headers: { Accept: 'text/event-stream' } })
      expect(later.status).toBe(200)
      expect(later.headers.get('X-After')).toBe('1')
      expect(await later.text()).toMatch(/^retry: \d{4,5}\n\n$/)
    }
  })

  it('[H2] keeps every cookie, and says nothing of the connection but what Node does', async () => {
    const app = express().use(sse({ headers: { 'Set-Cookie': ['c=3', 'd=4'] } }))
    app.get('/', (_req, res) => {
      res.cookie('a', '1').cookie('b', '2')
      void res.sse()
    })
    const received = await new RawClient((await serve(app)).port).request('GET /').until(':\n\n')
    expect(received.match(/Set-Cookie: \w=\d/g)).toEqual([
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'Set-Cookie: c=3',
      'Set-Cookie: d=4',
    ])
    expect(received.match(/transfer-encoding|connection:/gi)).toEqual(['Connection:', 'Transfer-Encoding'])
  })

  it('carries the cookie of express-session, which wraps the end of responses, and its stream ends', async () => {
    const store = new session.MemoryStore()
    const app = express().use(session({ secret: 'test', resave: false, saveUninitialized: false, store }), sse())
    app.get('/', (req, res) => {
      req.session.visits = (req.session.visits ?? 0) + 1
      void res.sse(async function* () {
        yield String(req.session.visits)
      })
    })
    const { port } = await serve(app)
    const first = await new RawClient(port).request('GET /').until('0\r\n\r\n')
    expect(first).toContain('data: 1\n\n')
    const [, cookie] = /Set-Cookie: (connect\.sid=[^;]+);/.exec(first) ?? []
    const second = await new RawClient(port).request('GET /', `Cookie: ${cookie}`).until('0\r\n\r\n')
    expect(second).toContain('data: 2\n\n')
    expect(second).not.toContain('Set-Cookie')
  })

  it('fails as an ordinary error where a middleware does that waits for it, and the next request works', async () => {
    const app = express()
    app.use((_req, res, next) => {
      const { writeHead } = res
      res.writeHead = ((...args: Parameters<typeof writeHead>) => {
        if (res.statusCode === 200) throw new Error('no head')
        return writeHead.apply(res, args)
      }) as typeof writeHead
      next()
    })
    app.use(sse())
    app.get('/', (_req, res) => void res.sse())
    const client = new RawClient((await serve(app)).port).request('GET /')
    await client.until('HTTP/1.1 500 ')
    await client.request('GET /nowhere').until('HTTP/1.1 404 ')
  })

  it('[H8] is 204 without a body for `null`, also where a function says so', async () => {
    const app = express().use(sse())
    app.get('/null', (_req, res) => res.sse(null))
    app.get('/later', (_req, res) => res.sse(async () => null))
    const { url } = await serve(app)
    for (const path of ['/null', '/later']) {
      const response = await fetch(url + path)
      expect(response.status).toBe(204)
      expect(response.headers.get('Content-Type')).toBeNull()
    }
  })

  it('[H15] is all there is for HEAD: no source is started', async () => {
    const hub = createHub()
    const app = express().use(sse({ hub }))
    const started: string[] = []
    const generator = async function* (): AsyncGenerator<string> {
      started.push('generator')
      yield 'a'
    }
    app.get('/function', (_req, res) => res.sse(() => void started.push('function')))
    app.get('/generator', (_req, res) => res.status(201).sse(generator()))
    app.get('/hub', (_req, res) => res.sse(hub.subscribe('a')))
    const { port } = await serve(app)
    const client = new RawClient(port)
    for (const path of ['/function', '/generator', '/hub']) {
      client.received = ''
      const received = await client.request(`HEAD ${path}`).until('\r\n\r\n')
      expect(received).toContain('Content-Type: text/event-stream; charset=utf-8')
      expect(received).toMatch(path === '/generator' ? /^HTTP\/1.1 201 / : /^HTTP\/1.1 200 /)
    }
    expect(started).toEqual([])
    expect(hub.size).toBe(0)
  })
})
