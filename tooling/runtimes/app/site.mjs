import { createHub } from '@sse/core'

/** A hub, a source of its events, and what it answers from outside. */
export function makeSite(options = {}) {
  // Each stream is written to every 100 ms: workerd learns of a disconnect when it writes.
  const hub = createHub({ heartbeat: 100, ...options })
  return { hub, source: () => hub.subscribe('news'), answer: answersOf(hub) }
}

/** What a hub is asked from outside: each answer is a text. */
export function answersOf(hub) {
  const answers = {
    '/publish': ({ searchParams }) => hub.publish('news', { event: 'news', data: searchParams.get('data') }),
    '/size': () => String(hub.size),
    '/close': () => hub.close().then(() => 'closed'),
  }
  return (url) => answers[url.pathname]?.(url)
}

/** Says where a server is, as the first line of its process. */
export function announce(server) {
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))
}

/** The whole URL of what Node calls one. */
export function urlOf(req) {
  return new URL(req.url, 'http://localhost')
}
