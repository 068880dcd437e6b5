import { IncomingMessage, ServerResponse } from 'node:http'
import { openWebBody } from '@sse/core/node'
import type { Context } from 'hono'
import { type OpenStream, openOnWeb } from './open-stream.ts'

/** What `@hono/node-server` gives an application as its environment. */
interface NodeBindings {
  readonly incoming?: unknown
  readonly outgoing?: unknown
}

/** On Node: where `@hono/node-server` sends the body as it is, the response is written to directly. */
export const openOnNode: OpenStream = (c, respond, source, options) => {
  const { incoming, outgoing } = bindingsOf(c)
  if (!(incoming instanceof IncomingMessage && outgoing instanceof ServerResponse)) {
    return openOnWeb(c, respond, source, options)
  }
  return openWebBody({ request: incoming, response: outgoing, respond }, source, options)
}

function bindingsOf(c: Context): NodeBindings {
  // An application that is called without a server has none.
  const bindings: NodeBindings | undefined = c.env
  return bindings ?? {}
}
