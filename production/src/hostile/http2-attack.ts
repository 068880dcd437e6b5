import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { connect as connectSocket, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '@sse/tooling/random'
import { drawTarget, type HostileRequest, type Knowledge } from './requests.ts'
import { judgeResponse } from './verdict.ts'

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR } = constants

/** What is done to one stream of a session. */
interface StreamPlan {
  readonly request: Omit<HostileRequest, 'bytes'>
  readonly target: string
  readonly lastEventId: string | undefined
  /** After so many bytes it is given up. */
  readonly resetsAt: number
  readonly code: number
  readonly reads: boolean
}

/** What one session does. */
export interface Http2Attack {
  readonly streams: readonly StreamPlan[]
  /** How much of each stream may be on its way, in bytes. */
  readonly window: number
  readonly ms: number
  readonly ending: 'closes' | 'is destroyed' | 'resets' | 'sends garbage'
  readonly pings: number
}

/** Draws what one session of HTTP/2 does. */
export function drawHttp2Attack(random: Random, knowledge: Knowledge): Http2Attack {
  return {
    streams: Array.from({ length: random.size(1, 12) }, () => ({
      ...drawTarget(random, knowledge),
      resetsAt: random.chance(0.5) ? random.size(1, 3_000) : Number.POSITIVE_INFINITY,
      code: random.pick([NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR]),
      reads: random.chance(0.8),
    })),
    window: random.pick([0, 1, 100, 65_535, 1_000_000]),
    ms: random.size(5, 700),
    ending: random.pick(['closes', 'is destroyed', 'resets', 'sends garbage'] as const),
    pings: random.pick([0, 0, 3]),
  }
}

/** Runs it to its end, within two seconds, and answers what was wrong about what came. */
export async function runHttp2Attack(attack: Http2Attack, port: number): Promise<string[]> {
  // A session's own socket lets nobody write to it.
  const socket = connectSocket({ port, host: '127.0.0.1' })
  const settings = { initialWindowSize: attack.window }
  const session = connect(`http://127.0.0.1:${port}`, { settings, createConnection: () => socket })
  const closed = new Promise<void>((resolve) => session.once('close', () => resolve()))
  // That the server ends it is what it asks for.
  session.on('error', () => {})
  const streams = attack.streams.map((plan) => openStream(session, plan))
  for (let i = 0; i < attack.pings; i++) if (!session.destroyed) session.ping(() => {})
  await Promise.race([closed, sleep(attack.ms)])
  const wrong = streams.flatMap((judgeStream) => judgeStream())
  end(session, socket, attack.ending)
  await Promise.race([closed, sleep(1_000)])
  session.destroy()
  socket.destroy()
  return wrong
}

/** Opens a stream, and answers how to judge what has come of it. */
function openStream(session: ClientHttp2Session, plan: StreamPlan): () => string[] {
  const { request, target, lastEventId, resetsAt, code, reads } = plan
  const parts: Buffer[] = []
  let length = 0
  let status = 0
  let type = ''
  let isComplete = false
  const stream = session.request({
    ':method': request.method,
    ':path': target,
    ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
  })
  stream.on('error', () => {})
  stream.on('response', (headers) => {
    status = headers[':status'] ?? 0
    type = headers['content-type'] ?? ''
  })
  stream.on('data', (part: Buffer) => {
    parts.push(part)
    length += part.length
    if (length >= resetsAt) stream.close(code)
  })
  stream.on('end', () => {
    isComplete = !stream.destroyed && stream.rstCode === NGHTTP2_NO_ERROR && length < resetsAt
  })
  if (!reads) stream.pause()
  return () => {
    if (status === 0) return []
    const response = { status, headers: new Map([['content-type', type]]), body: Buffer.concat(parts), isComplete }
    return judgeResponse(response, request)
  }
}

function end(session: ClientHttp2Session, socket: Socket, how: Http2Attack['ending']): void {
  if (session.destroyed) return
  if (how === 'closes') session.close()
  else if (how === 'is destroyed') session.destroy()
  else if (how === 'resets') socket.resetAndDestroy()
  else socket.end(Buffer.from('\0\0\x05\x63\x63\0\0\0\x01garbage of frames', 'latin1'))
}
