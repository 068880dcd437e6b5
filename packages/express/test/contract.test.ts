import { createServer } from 'node:http'
import { type AdapterServer, adapterApp, adapterContract } from '@sse/core/testing'
import { listening } from '@sse/tooling/listening'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { describe, it } from 'vitest'
import { sse } from '../src/index.ts'
import { VERSIONS } from './versions.ts'

describe.each(VERSIONS)('the contract of adapters on $name', ({ express }) => {
  for (const { name, run, timeout } of adapterContract({ start })) it(name, run, timeout)

  async function start(): Promise<AdapterServer> {
    const { hub, routes, refusal, handled, control } = adapterApp()
    const refuse: RequestHandler = (_req, res) => void res.status(refusal.status).json(refusal.body)
    const app = express()
    app.use(async (_req, res, next) => {
      next()
      // It may await something of its own.
      for (let n = 0; n < 20; n++) await null
      if (!res.headersSent) res.set('X-Outer', 'after').append('Set-Cookie', 'outer=1')
    })
    app.use((_req, res, next) => {
      res.append('Set-Cookie', 'inner=1')
      next()
    })
    app.get('/refused-plainly', refuse)
    app.use(sse({ hub }), express.json())
    app.get('/refused', refuse, (_req, res) => res.sse(hub.subscribe('hub')))
    for (const { method, path, before, source, options } of routes) {
      const stream: RequestHandler = (req, res) => void res.sse(source({ body: req.body }), options)
      const handlers = before === undefined ? [stream] : [waitFor(before), stream]
      if (method === 'GET') app.get(path, ...handlers)
      else app.post(path, ...handlers)
    }
    app.post('/control', (req, res, next) => {
      control(req.body).then((state) => res.json(state), next)
    })
    app.use(((error, _req, res, next) => {
      const { status, body } = handled(error)
      if (res.headersSent) next(error)
      else res.status(status).json(body)
    }) satisfies ErrorRequestHandler)
    return listening(createServer(app))
  }
})

function waitFor(before: () => Promise<void>): RequestHandler {
  return (_req, _res, next) => void before().then(() => next(), next)
}
