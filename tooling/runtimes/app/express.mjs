import { createServer } from 'node:http'
import { sse } from '@sse/express'
import express from 'express'
import { announce, makeSite, urlOf } from './site.mjs'

const { hub, source, answer } = makeSite()
const app = express()
app.use(sse({ hub }))
app.get('/events', (_req, res) => res.sse(source()))
app.use(async (req, res) => res.send(await answer(urlOf(req))))

announce(createServer(app))
