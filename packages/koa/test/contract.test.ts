import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import Router from '@koa/router'
import { type AdapterServer, adapterApp, adapterContract } from '@sse/core/testing'
import { listening } from '@sse/tooling/listening'
import type { Context, Middleware, Next } from 'koa'
import { describe, it } from 'vitest'
import { sse } from '../src/index.ts'
import { VERSIONS } from './versions.ts'

describe.each(VERSIONS)('the contract of adapters on $name', ({ name: version, Koa }) => {
  // What stays of very many streams is counted on the newest: it takes its time.
  const harness = version === 'Koa 3' ? { start } : { start, opens: 2_000 }
  for (const { name, run, timeout } of adapterContract(harness)) it(name, run, timeout)

  async function start(): Promise<AdapterServer> {
    const { hub, routes, refusal, handled, control } = adapterApp()
    const refuse = (ctx: Context): void => {
      ctx.status = refusal.status
      ctx.body = refusal.body
    }
    const app = new Koa()
    // Where Koa tells of errors that no middleware has caught: of disconnects, for instance, which are none.
    app.on('error', handled)
    app.use(async (ctx, next) => {
      await next()
      if (ctx.headerSent) return
      ctx.set('X-Outer', 'after')
      ctx.append('Set-Cookie', 'outer=1')
    })
    app.use((ctx, next) => {
      ctx.append('Set-Cookie', 'inner=1')
      return next()
    })
    app.use(async (ctx, next) => {
      try {
        await next()
      } catch (error) {
        const { status, body } = handled(error)
        ctx.status = status
        ctx.body = body
      }
    })
    const router = new Router()
    router.get('/refused-plainly', refuse)
    router.use(sse({ hub }), parseJson)
    router.get('/refused', refuse)
    for (const { method, path, before, source, options } of routes) {
      const stream: Middleware = async (ctx) => {
        await before?.()
        // Left alone: the middleware waits for it.
        void ctx.sse(source({ body: ctx.state.body }), options)
      }
      router.register(path, [method], stream)
    }
    router.post('/control', async (ctx) => {
      ctx.body = await control(ctx.state.body)
    })
    app.use(router.routes())
    return listening(createServer(app.callback()))
  }
})

async function parseJson(ctx: Context, next: Next): Promise<void> {
  if (ctx.is('json')) ctx.state.body = await json(ctx.req)
  await next()
}
