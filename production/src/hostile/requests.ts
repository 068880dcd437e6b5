import type { Random } from '@sse/tooling/random'

/** One request of an attack. */
export interface HostileRequest {
  readonly bytes: Buffer
  readonly method: string
  /** Without the query; beginning with a slash, where it is a path. */
  readonly path: string
  /** Nothing in it breaks a rule of HTTP: it is answered as its route says. */
  readonly isSound: boolean
  /** The event of `/plain` that the client says it has seen, where it says so soundly. */
  readonly seen?: number
}

/** What is known of the server by somebody who has listened. */
export interface Knowledge {
  /** Ids of events of `/plain`, with their numbers; the oldest first. */
  readonly ids: readonly (readonly [id: string, n: number])[]
}

/** The paths of the routes that answer GET, each with how likely it is. */
const PATHS: readonly (readonly [string, number])[] = [
  ['/plain', 6],
  ['/shown', 3],
  ['/sifted', 2],
  ['/last', 2],
  ['/replayed', 2],
  ['/conflated', 2],
  ['/skipped', 2],
  ['/mixed', 3],
  ['/generator', 3],
  ['/finite', 3],
  ['/fails', 2],
  ['/throws', 2],
  ['/readable', 3],
  ['/function', 3],
  ['/flood', 4],
  ['/silent', 2],
  ['/null', 2],
  ['/nowhere', 2],
]
const METHODS: readonly (readonly [string, number])[] = [
  ['GET', 24],
  ['HEAD', 4],
  ['POST', 4],
  ['OPTIONS', 1],
  ['PUT', 1],
  ['DELETE', 1],
]
const UNSOUND_METHODS = ['BREW', 'get', 'CONNECT', 'PRI', 'G\0T', ''] as const

/** A request that any client may send. */
export function soundRequest(random: Random): HostileRequest {
  const path = random.weighted(PATHS)
  const text = textOf('GET', path, '1.1', ['Host: localhost', 'Accept: text/event-stream'])
  return { bytes: Buffer.from(text), method: 'GET', path, isSound: true }
}

/** A request as HTTP/2 carries it: what is no request its client does not send. */
export function drawTarget(
  random: Random,
  knowledge: Knowledge,
): {
  readonly request: Omit<HostileRequest, 'bytes'>
  readonly target: string
  readonly lastEventId: string | undefined
} {
  const method = random.weighted(METHODS)
  const path = random.weighted(PATHS)
  const isSound = random.chance(0.5)
  const request = { method, path, isSound }
  if (isSound) return { request, target: path, lastEventId: undefined }
  return {
    request,
    target: `${path}?${hostileQuery(random, knowledge)}`,
    lastEventId: hostileId(random, knowledge).trim(),
  }
}

/** Draws a request. */
export function drawRequest(random: Random, knowledge: Knowledge): HostileRequest {
  const isSound = random.chance(0.7)
  const method = isSound || random.chance(0.7) ? random.weighted(METHODS) : random.pick(UNSOUND_METHODS)
  const path = method === 'POST' && random.chance(0.8) ? '/post' : random.weighted(PATHS)
  const headers = ['Host: localhost', ...soundHeaders(random)]
  const known = isSound && random.chance(0.3) ? knowledge.ids.at(-random.size(1, knowledge.ids.length)) : undefined
  if (known !== undefined) headers.push(`Last-Event-ID: ${known[0]}`)
  const body = method === 'POST' ? drawBody(random) : undefined
  if (body !== undefined) headers.push('Content-Type: application/json', `Content-Length: ${body.length}`)
  if (isSound) {
    return {
      bytes: Buffer.from(`${textOf(method, path, '1.1', headers)}${body ?? ''}`, 'latin1'),
      method,
      path,
      isSound,
      ...(known !== undefined && path === '/plain' && { seen: known[1] }),
    }
  }
  if (random.chance(0.2)) headers[0] = `Host: ${hostileHost(random)}`
  for (let i = random.int(1, 3); i > 0; i--)
    headers.splice(random.int(0, headers.length), 0, unsoundHeader(random, knowledge))
  const target = random.chance(0.6) ? `${path}?${hostileQuery(random, knowledge)}` : unsoundTarget(random, path)
  const version = random.weighted([
    ['1.1', 12],
    ['1.0', 3],
    ['2.0', 1],
    ['0.9', 1],
    ['', 1],
  ])
  return {
    bytes: Buffer.from(`${textOf(method, target, version, headers)}${body ?? ''}`, 'latin1'),
    method,
    path,
    isSound,
  }
}

function textOf(method: string, target: string, version: string, headers: readonly string[]): string {
  return [`${method} ${target} HTTP/${version}`, ...headers, '', ''].join('\r\n')
}

function drawBody(random: Random): string {
  return random.chance(0.7) ? JSON.stringify({ prompt: 'x'.repeat(random.size(1, 5_000)) }) : bytesOf(random, 40)
}

/** What any client may send. */
function soundHeaders(random: Random): string[] {
  const some = [
    'Accept: text/event-stream',
    'Accept: */*',
    'Accept: text/html;q=0.9,text/event-stream;q=0.1',
    'Accept-Encoding: gzip, br',
    'Cache-Control: no-cache',
    'Connection: keep-alive',
    'Origin: null',
    'Range: bytes=0-10',
    'X-Principal: somebody',
    'Cookie: a=b; a=c; =; \xe4=\xff',
  ]
  return some.filter(() => random.chance(0.25))
}

function unsoundHeader(random: Random, knowledge: Knowledge): string {
  return random.pick([
    () => `Last-Event-ID: ${hostileId(random, knowledge)}`,
    () => `Last-Event-ID: ${hostileId(random, knowledge)}\r\nLast-Event-ID: ${hostileId(random, knowledge)}`,
    () => `Last-Event-ID: ${bytesOf(random, 300)}`,
    () => `X-Large: ${'x'.repeat(random.size(1_000, 40_000))}`,
    () => Array.from({ length: random.size(10, 3_000) }, (_, i) => `X-${i}: ${i}`).join('\r\n'),
    () => `Host: ${hostileHost(random)}`,
    () => 'Expect: 100-continue',
    () => 'Expect: the worst',
    () => 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x',
    () => 'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
    () => 'Connection: close',
    () => 'Transfer-Encoding: chunked',
    () => 'Transfer-Encoding: chunked\r\nContent-Length: 5',
    () => `Content-Length: ${random.pick(['-1', '5', '99999', '18446744073709551616', '0x10', '1, 1'])}`,
    () => 'Accept: \xff\x01',
    () => `X-Principal: ${bytesOf(random, 20)}`,
    () => 'X-Forwarded-For: 1.2.3.4, not an address',
    () => ' folded: onto what came before',
    () => `${bytesOf(random, 30)}`,
    () => `X-Bytes\0: ${bytesOf(random, 30)}`,
    () => '__proto__: x\r\nconstructor: y',
  ])()
}

function hostileHost(random: Random): string {
  return random.pick(['a b', '[::1', '', ']', 'evil:99999', '\xff', 'a/../b', '%00'])
}

function unsoundTarget(random: Random, path: string): string {
  return random.pick([
    `http://evil.example${path}`,
    '*',
    '',
    `${path}%`,
    `/%c0%ae%00`,
    `//${path}`,
    `${path}/../${path}`,
    `${path}#fragment`,
    `/${'x'.repeat(random.size(100, 20_000))}`,
    `${path}?${'a=b&'.repeat(random.size(10, 3_000))}`,
    `/${bytesOf(random, 20)}`,
  ])
}

function hostileQuery(random: Random, knowledge: Knowledge): string {
  const id = hostileId(random, knowledge)
  return random.pick([
    `lastEventId=${id}`,
    `lastEventId=${encodeURIComponent(id)}`,
    `lastEventId=${id}&lastEventId=${hostileId(random, knowledge)}`,
    'lastEventId',
    'lastEventId=',
    'lastEventId[]=a&lastEventId[b]=c',
    `lastEventId=${random.pick(['%', '%zz', '%00', '%0d%0aid: 5', '%0A%0Adata: forged', '%ED%A0%80', '%C0%80', '%FF%FE', '%F0%9F'])}`,
    `__proto__[lastEventId]=${id}`,
  ])
}

/** Ids that no client of ours would send, and such that look as if. */
function hostileId(random: Random, { ids }: Knowledge): string {
  const [known = 'a.1'] = ids.length > 0 ? random.pick(ids) : []
  const [epoch = 'a', position = '1'] = known.split('.')
  return random.pick([
    `another.${position}`,
    `${epoch}.${Number(position) + random.size(1, 1_000_000)}`,
    `${epoch}.${random.pick(['9007199254740993', '18446744073709551616', `${'9'.repeat(100)}`, '-1', '0', '1e3', '0x1', '01', 'NaN'])}`,
    `${epoch}.`,
    `.${position}`,
    epoch,
    `${known}.${known}`,
    `${known} `,
    `__proto__.constructor`,
    'x'.repeat(random.size(100, 8_000)),
    `${epoch}.${'1'.repeat(random.size(10, 300))}`,
    '\t',
    known,
  ])
}

/** So many bytes at most, any but those that end a line. */
function bytesOf(random: Random, most: number): string {
  let text = ''
  for (let i = random.int(1, most); i > 0; i--) {
    const code = random.int(1, 255)
    text += code === 10 || code === 13 ? '\x7f' : String.fromCharCode(code)
  }
  return text
}
