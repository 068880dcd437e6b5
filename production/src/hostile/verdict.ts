import { type Attack, isPatient, type Outcome } from './attack.ts'
import type { Mark } from './fuzz-routes.ts'
import type { HostileRequest } from './requests.ts'
import { parseResponses, type WireResponse } from './wire-parser.ts'

/** The routes of a hub whose events a client may miss some of without being told. */
const CONFLATED = 'conflated'
const SIFTED = 'sifted'
const ID = /^[\da-zA-Z-]+\.[\da-zA-Z-]+$/
/** Routes that are soon done with a GET. */
const ENDING: readonly string[] = ['/null', '/nowhere', '/throws', '/fails', '/finite']

/**
 * Holds what a connection got against what it may get: well-formed responses, in the order of the requests, whole event
 * streams, and in each what is its own alone, in order, once.
 *
 * @returns what is wrong.
 */
export function judge(outcome: Outcome): string[] {
  const { attack, bytes, hasEnded } = outcome
  const { requests } = attack
  // After a request that is none it is not known what the server takes for the next.
  const known = requests.slice(0, soundFirst(requests))
  const wrong = judgeEnding(outcome)
  let responses: readonly WireResponse[]
  try {
    const methods = requests.map(({ method }) => method)
    responses = parseResponses({ bytes: withoutRefusal(bytes, requests), hasEnded, methods })
  } catch (error) {
    return [String(error)]
  }
  wrong.push(...judgeCrash(responses, requests))
  responses.forEach((response, i) => {
    const request = known[i]
    // What is pipelined behind it may be refused before it is answered, and then the connection ends with that.
    const isRefusal = response.status >= 400 && i === responses.length - 1 && known.length < requests.length
    wrong.push(...judgeResponse(response, isRefusal ? undefined : request))
  })
  return wrong
}

/** Whatever is asked: what fails is a source that does it on purpose. */
function judgeCrash(responses: readonly WireResponse[], requests: readonly HostileRequest[]): string[] {
  if (requests.some(({ path }) => path === '/throws')) return []
  return responses.some(({ status }) => status === 500) ? ['a request was answered 500'] : []
}

/** Whether so much has come of an attack as must: what ends by itself does not keep those waiting that come behind it. */
export function hasProgressed(attack: Attack, bytes: Buffer): boolean {
  const { requests } = attack
  if (!isPatient(attack) || attack.ending.how !== 'stays' || requests.some(({ isSound }) => !isSound)) return true
  const endless = requests.findIndex(isEndless)
  const expected = endless < 0 ? requests.length : endless + 1
  try {
    const methods = requests.map(({ method }) => method)
    return parseResponses({ bytes, methods, hasEnded: false }).length >= expected
  } catch {
    // What is wrong with it is judged in the end.
    return true
  }
}

function isEndless({ method, path }: HostileRequest): boolean {
  return method === 'GET' ? !ENDING.includes(path) : method === 'POST' && path === '/post'
}

/** The same for one response; to which request, if that is known. */
export function judgeResponse(response: WireResponse, request: Omit<HostileRequest, 'bytes'> | undefined): string[] {
  return [
    ...(request?.isSound ? judgeAnswer(response, request) : []),
    ...(isStream(response) ? judgeStream(response, request) : []),
  ]
}

/**
 * Fastify answers what is no request with a text of its own, straight to the socket, in the middle of whatever is being sent;
 * then it ends the connection.
 */
function withoutRefusal(bytes: Buffer, requests: readonly HostileRequest[]): Buffer {
  if (requests.every(({ isSound }) => isSound)) return bytes
  const refusal =
    /HTTP\/1\.1 4\d\d [\w ]+\r\nContent-Length: \d+\r\nContent-Type: application\/json\r\n\r\n\{"error":[^\r\n]*$/
  const at = refusal.exec(bytes.toString('latin1'))?.index
  return at === undefined ? bytes : bytes.subarray(0, at)
}

/** Who sends nothing more has gone, for Node's servers: they end what they send, too. */
function judgeEnding({ attack, bytes, isOver }: Outcome): string[] {
  if (isPatient(attack) && attack.ending.how === 'half closes' && !isOver)
    return ['a half closed connection stayed open']
  return isOver || hasProgressed(attack, bytes) ? [] : ['a request was not answered behind one whose answer had ended']
}

/** How many requests, from the first on, are sound, and thus answered in their order. */
function soundFirst(requests: readonly HostileRequest[]): number {
  const unsound = requests.findIndex(({ isSound }) => !isSound)
  return unsound < 0 ? requests.length : unsound
}

function isStream({ status, headers, body }: WireResponse): boolean {
  return status === 200 && body.length > 0 && headers.get('content-type')?.startsWith('text/event-stream') === true
}

function judgeAnswer({ status, headers }: WireResponse, { method, path }: Omit<HostileRequest, 'bytes'>): string[] {
  const expected = statusOf(method, path)
  if (!expected.includes(status)) return [`${method} ${path} was answered ${status}, not ${expected.join(' or ')}`]
  if (status !== 200 || method === 'OPTIONS') return []
  const type = headers.get('content-type')
  return type === 'text/event-stream; charset=utf-8' ? [] : [`${method} ${path} has the type ${type}`]
}

function statusOf(method: string, path: string): readonly number[] {
  // A body may be refused before it is known that nobody wants it.
  if (method === 'POST') return path === '/post' ? [200, 400, 415] : [400, 404, 405, 415]
  if (method !== 'GET' && method !== 'HEAD') return [200, 204, 404, 405]
  if (path === '/nowhere' || path === '/post') return [404, 405]
  if (path === '/null') return [204]
  // A HEAD starts no source, so that none fails.
  if (path === '/throws') return method === 'HEAD' ? [200] : [500]
  return path === '/last' ? [200, 204] : [200]
}

/** What an event says of itself. */
interface StreamEvent {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: string | undefined
}

function judgeStream({ body, isComplete }: WireResponse, request: Omit<HostileRequest, 'bytes'> | undefined): string[] {
  const text = body.toString('utf8')
  if (isComplete && !text.endsWith('\n\n'))
    return [`a stream ended within an event: ${JSON.stringify(text.slice(-80))}`]
  const wrong: string[] = []
  const blocks = text.split('\n\n').slice(0, -1)
  const events = blocks.map((block) => readBlock(block, wrong))
  if (!text.startsWith('retry: ') && blocks.length > 0) wrong.push(`a stream began with ${JSON.stringify(blocks[0])}`)
  return [...wrong, ...judgeEvents(events, request)]
}

function readBlock(block: string, wrong: string[]): StreamEvent {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const [, name, value] = /^(data|id|event|retry): (.*)$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) fields.set(name, value)
    else if (!line.startsWith(':')) wrong.push(`no field: ${JSON.stringify(line.slice(0, 80))}`)
  }
  const id = fields.get('id')
  if (id !== undefined && !ID.test(id)) wrong.push(`no id of ours: ${JSON.stringify(id)}`)
  return { id, event: fields.get('event'), data: fields.get('data') }
}

function judgeEvents(events: readonly StreamEvent[], request: Omit<HostileRequest, 'bytes'> | undefined): string[] {
  const wrong: string[] = []
  let last: Mark | undefined
  let hasGap = false
  const first = request?.seen === undefined ? undefined : { of: 'plain', call: 0, n: request.seen }
  for (const { event, data } of events) {
    if (data === undefined) continue
    if (event === 'sse.gap') {
      hasGap = true
      wrong.push(...judgeGap(data))
      continue
    }
    const mark: Mark = JSON.parse(data)
    const about = JSON.stringify({ of: mark.of, call: mark.call, n: mark.n })
    if (request !== undefined && `/${mark.of}` !== request.path) wrong.push(`${request.path} was sent ${about}`)
    const before = last ?? first
    if (before !== undefined && !follows(mark, before, hasGap)) {
      wrong.push(`${about} came after ${JSON.stringify(before)}${hasGap ? ', with a gap' : ''}`)
    }
    last = mark
    hasGap = false
  }
  return wrong
}

/** What a client said of itself is told again only where it can be an id of ours. */
function judgeGap(data: string): string[] {
  const { from, to }: { readonly from: string | null; readonly to: string } = JSON.parse(data)
  return [from ?? to, to].every((id) => ID.test(id) && id.length <= 128)
    ? []
    : [`a gap that shows what it must not: ${data}`]
}

/** Whether an event may come after another one in the same stream. What is numbered -1 is a snapshot, or sent by hand. */
function follows(mark: Mark, before: Mark, hasGap: boolean): boolean {
  if (mark.of !== before.of || mark.call !== before.call) return false
  if (mark.n < 0 || before.n < 0) return hasGap || mark.n > before.n
  if (hasGap || mark.of === CONFLATED) return mark.n > before.n
  return mark.n === before.n + (mark.of === SIFTED ? 2 : 1)
}
