import { createServer } from 'node:http'
import { eventStream } from '@sse/core/node'
import { announce, urlOf } from './site.mjs'

/** Serves a site by `node:http` and `@sse/core/node`, when its log is there: who comes before begins only then. */
export async function serveOnNode({ hub, source, answer }) {
  const server = createServer(async (req, res) => {
    if (urlOf(req).pathname === '/events') await eventStream(req, res, source(), { hub })
    else res.end(await answer(urlOf(req)))
  })
  await hub.ready
  announce(server)
}
