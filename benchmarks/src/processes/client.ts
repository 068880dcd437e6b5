import { connect as connectSocket, type Socket } from 'node:net'
import { answer } from '../harness/answer.ts'
import { CpuMeter } from '../harness/usage.ts'
import { MARKER } from '../payload.ts'

/** So many handshakes are under way at once: half of Node's default listen backlog, so that none is dropped. */
const OPENING_AT_ONCE = 256

const OK = Buffer.from('HTTP/1.1 200 ')

/** Clients to open: all send the same request. */
export interface Clients {
  /** A TCP port of 127.0.0.1, or the path of a socket in the file system. */
  readonly port: number | string
  readonly path: string
  readonly count: number
  readonly lastEventId?: string
  /** `never`: reads the head of the response, and from then on not a byte. Default `always`. */
  readonly reads?: 'always' | 'never'
}

/** What the clients that read have got. */
export interface Received {
  readonly total: number
  /** Fewest and most events of one client. */
  readonly least: number
  readonly most: number
  /** Clients that the server has cut off. */
  readonly closed: number
}

interface Connection {
  readonly socket: Socket
  readonly reads: boolean
  events: number
  closed: boolean
}

// All sockets read into one buffer: what is in it is counted before the next read. The byte behind it ends a search.
const space = Buffer.alloc(256 * 1024 + 1)
const buffer = space.subarray(0, -1)
const connections = new Set<Connection>()
const cpu = new CpuMeter()
let total = 0
let awaited: { readonly total: number; readonly resolve: () => void } | undefined

const methods = {
  startCpu: () => cpu.start(),
  stopCpu: () => cpu.stop(),

  /** Resolves when every client has the head of its response. */
  async connect(clients: Clients): Promise<void> {
    let left = clients.count
    const openInTurn = async () => {
      while (left-- > 0) await open(clients)
    }
    await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openInTurn))
  },

  /** Resolves when so many events have come in all, a reading client was cut off, or none came for `patience` ms. */
  async receive(events: number, patience = 10_000): Promise<Received> {
    if (total >= events || anyClosed()) return received()
    let before = total
    const impatience = setInterval(() => {
      if (total === before) settle()
      before = total
    }, patience)
    await new Promise<void>((resolve) => {
      awaited = { total: events, resolve }
    })
    clearInterval(impatience)
    return received()
  },

  /** Closes all connections and forgets what they got. */
  disconnect(): void {
    for (const { socket } of connections) socket.destroy()
    connections.clear()
    total = 0
  },
}

/** The methods of the load client's process. */
export type ClientMethods = typeof methods

function open({ port, path, lastEventId, reads = 'always' }: Clients): Promise<void> {
  const resumption = lastEventId === undefined ? '' : `Last-Event-ID: ${lastEventId}\r\n`
  return new Promise((resolve, reject) => {
    let opened = false
    const socket = connectSocket({
      ...(typeof port === 'string' ? { path: port } : { host: '127.0.0.1', port, noDelay: true }),
      onread: {
        buffer,
        callback(length) {
          if (!opened) {
            opened = true
            if (buffer.compare(OK, 0, OK.length, 0, OK.length) !== 0) {
              reject(new Error(`not a 200: ${buffer.toString('latin1', 0, Math.min(length, 200))}`))
            }
            resolve()
          }
          count(connection, length)
          return connection.reads
        },
      },
    })
    const connection: Connection = { socket, reads: reads === 'always', events: 0, closed: false }
    connections.add(connection)
    socket.on('error', reject)
    socket.on('close', () => {
      connection.closed = true
      reject(new Error('closed before there was a response'))
      if (connection.reads && connections.has(connection)) settle()
    })
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n${resumption}\r\n`)
  })
}

/** Counts the markers in the buffer's first `length` bytes. */
function count(connection: Connection, length: number): void {
  space[length] = MARKER
  let found = 0
  for (let at = space.indexOf(MARKER); at < length; at = space.indexOf(MARKER, at + 1)) found++
  connection.events += found
  total += found
  if (awaited !== undefined && total >= awaited.total) settle()
}

function settle(): void {
  awaited?.resolve()
  awaited = undefined
}

function anyClosed(): boolean {
  for (const { reads, closed } of connections) if (reads && closed) return true
  return false
}

function received(): Received {
  const readers = [...connections].filter(({ reads }) => reads)
  const events = readers.map((reader) => reader.events)
  return {
    total,
    least: events.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    most: events.reduce((a, b) => Math.max(a, b), 0),
    closed: readers.filter(({ closed }) => closed).length,
  }
}

answer(methods)
