import { EventParser, type ReceivedEvent } from './event-parser.ts'

/** What is needed of the response that superagent gives to a parser: an `IncomingMessage` of `node:http`. */
export interface ParsableResponse {
  on(event: string, listener: (chunk: Uint8Array) => void): unknown
  destroy?(): unknown
}

/**
 * Makes a parser for supertest and superagent that turns an event stream, even one that never ends, into its first
 * events: `const { body } = await request(app).get('/prices').buffer(true).parse(takeEvents(3))`. Then it destroys the
 * connection, as a client does that goes away. Where the stream ends before, `body` has fewer.
 *
 * @throws {TypeError} if `count` is no whole number from 1.
 */
export function takeEvents(
  count: number,
): (response: ParsableResponse, callback: (error: Error | null, events: ReceivedEvent[]) => void) => void {
  if (!(Number.isInteger(count) && count >= 1)) throw new TypeError('`count` must be a whole number from 1')
  return (response, callback) => {
    const parser = new EventParser()
    const decoder = new TextDecoder()
    const events: ReceivedEvent[] = []
    let isDone = false
    const finish = (): void => {
      if (isDone) return
      isDone = true
      callback(null, events)
    }
    response.on('data', (chunk) => {
      if (isDone) return
      for (const event of parser.push(decoder.decode(chunk, { stream: true }))) {
        events.push(event)
        if (events.length < count) continue
        finish()
        response.destroy?.()
        return
      }
    })
    // Not 'error': superagent listens for that itself, and must be told once.
    response.on('end', finish)
  }
}
