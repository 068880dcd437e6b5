import { connect, type Socket } from 'node:net'
import { answer } from '../harness/answer.ts'
import { MARKER, microseconds, microsecondsSince, STAMP_DIGITS } from '../payload.ts'

/** How many events came: the fewest and most of one client. */
export interface Arrivals {
  readonly least: number
  readonly most: number
}

/** How long events took to a client, in µs. */
export interface Latencies {
  readonly median: number
  readonly p99: number
}

const MARK = String.fromCharCode(MARKER)

interface Client {
  readonly socket: Socket
  events: number
  /** The end of the last chunk, where it was not the end of an event. */
  rest: string
}

const clients: Client[] = []
let times: number[] = []
let total = 0
let awaited: { readonly total: number; readonly resolve: () => void } | undefined

const methods = {
  /** Resolves when every client has the head of its response. */
  async connect({ port, count }: { port: number; count: number }): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => open(port)))
  },

  /** Resolves when each client has had so many events since the last call, or none came for ten seconds. */
  async receive(events: number): Promise<Arrivals> {
    await allReceived(events * clients.length)
    const counts = clients.map((client) => client.events)
    for (const client of clients) client.events = 0
    total = 0
    return { least: Math.min(...counts), most: Math.max(...counts) }
  },

  /** Of all events that came since the last call. */
  latencies(): Latencies {
    const sorted = Float64Array.from(times).sort()
    times = []
    return {
      median: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
      p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    }
  },
}

/** The methods of the process that measures latencies. */
export type StopwatchMethods = typeof methods

function open(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    const client: Client = { socket, events: 0, rest: '' }
    clients.push(client)
    socket.setEncoding('latin1').once('data', () => resolve())
    socket.on('data', (text: string) => take(client, text)).on('error', reject)
    socket.write('GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n')
  })
}

/** Each event has one marker, and before it the time when it was published. */
function take(client: Client, chunk: string): void {
  const text = client.rest + chunk
  const now = microseconds()
  let end = 0
  for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, at + 1)) {
    times.push(microsecondsSince(Number(text.slice(at - STAMP_DIGITS, at)), now))
    client.events++
    total++
    end = at + 1
  }
  client.rest = text.slice(Math.max(end, text.length - STAMP_DIGITS))
  if (awaited !== undefined && total >= awaited.total) awaited.resolve()
}

async function allReceived(count: number): Promise<void> {
  if (total >= count) return
  let before = total
  await new Promise<void>((resolve) => {
    const impatience = setInterval(() => {
      if (total === before) settle()
      before = total
    }, 10_000)
    const settle = () => {
      clearInterval(impatience)
      awaited = undefined
      resolve()
    }
    awaited = { total: count, resolve: settle }
  })
}

answer(methods)
