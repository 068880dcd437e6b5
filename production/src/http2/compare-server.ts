import { once } from 'node:events'
import { createSecureServer, createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import { createHub } from '@sse/core'
import { eventStream } from '@sse/core/node'
import { selfSigned } from '@sse/tooling/certificate'

/** Ways to send each event to all streams. */
export const VARIANTS = [
  'a hub',
  'stream.write of a buffer',
  'stream.write of a text',
  'response.write of a text',
] as const

/** Events that are sent before it is measured. */
export const WARM_UP = 50

/** Between two events, in milliseconds: each is a turn of its own. */
const PAUSE = 20

const DATA = { symbol: 'AAPL', price: 180.25, text: 'x'.repeat(60) }

type Variant = (typeof VARIANTS)[number]

const asked = VARIANTS.find((variant) => variant === process.argv[2])
if (import.meta.main && asked !== undefined) await serve(asked)

async function serve(variant: Variant): Promise<void> {
  const hub = createHub()
  const responses: Http2ServerResponse[] = []
  const handle = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    if (variant === 'a hub') return void eventStream(request, response, hub.subscribe('feed'))
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write(':\n\n')
    responses.push(response)
  }
  const send = (n: number): Promise<unknown> | undefined => {
    if (variant === 'a hub') return hub.publish('feed', { data: DATA })
    const text = `data: ${JSON.stringify(DATA)}\nid: k2x9.${n}\n\n`
    const bytes = Buffer.from(text)
    for (const response of responses) {
      if (variant === 'stream.write of a buffer') response.stream.write(bytes)
      else if (variant === 'stream.write of a text') response.stream.write(text)
      else response.write(text)
    }
    return undefined
  }
  const server = process.argv[3] === 'tls' ? createSecureServer(selfSigned(), handle) : createServer(handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  process.send?.(`${process.argv[3] === 'tls' ? 'https' : 'http'}://127.0.0.1:${address.port}`)
  const [events] = await once(process, 'message')
  const publish = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      await send(n)
      await delay(PAUSE)
    }
  }
  await publish(WARM_UP)
  const before = process.cpuUsage()
  await publish(events)
  const { user, system } = process.cpuUsage(before)
  process.send?.(user + system)
}
