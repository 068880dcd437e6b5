const { createServer } = require('node:http')
const { createHub } = require('@sse/core')
const { eventStream } = require('@sse/core/node')
const { announce, answersOf, urlOf } = require('./site.mjs')

const hub = createHub({ heartbeat: 100 })
const answer = answersOf(hub)

announce(
  createServer(async (req, res) => {
    if (urlOf(req).pathname === '/events') await eventStream(req, res, hub.subscribe('news'), { hub })
    else res.end(await answer(urlOf(req)))
  }),
)
