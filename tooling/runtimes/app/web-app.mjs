import { eventStream } from '@sse/core'
import { makeSite } from './site.mjs'

/** A site by Web standards alone. */
export function webApp() {
  const { hub, source, answer } = makeSite()
  return async (request) => {
    const url = new URL(request.url)
    return url.pathname === '/events' ? eventStream(request, source(), { hub }) : new Response(await answer(url))
  }
}
