import { createServer } from 'node:http'
import { sse } from '@sse/koa'
import Koa from 'koa'
import { announce, makeSite } from './site.mjs'

const { hub, source, answer } = makeSite()
const app = new Koa()
app.use(sse({ hub }))
app.use(async (ctx) => {
  if (ctx.path === '/events') await ctx.sse(source())
  else ctx.body = await answer(ctx.URL)
})

announce(createServer(app.callback()))
