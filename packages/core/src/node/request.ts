import type { IncomingMessage } from 'node:http'
import { type LastEventId, lastEventIdFrom } from '../wire/last-event-id.ts'

/** Where the client of a request was: its `Last-Event-ID`, else `?lastEventId=`. */
export function lastEventIdOf(request: IncomingMessage): LastEventId {
  const header = request.headers['last-event-id']
  return lastEventIdFrom({ header: Array.isArray(header) ? header[0] : header, query: queryOf(request) })
}

/** Reads the query alone: a URL made with the `Host` header throws where that is malformed. */
function queryOf({ url = '' }: IncomingMessage): string | null {
  const start = url.indexOf('?')
  if (start < 0 || !url.includes('lastEventId=', start)) return null
  return new URLSearchParams(url.slice(start + 1)).get('lastEventId')
}
