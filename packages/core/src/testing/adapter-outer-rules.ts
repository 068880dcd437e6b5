import assert from 'node:assert/strict'
import type { AdapterRule } from './adapter-opening-rules.ts'
import type { AdapterStage } from './adapter-stage.ts'
import type { WireResponse } from './http-response.ts'

/** What middleware around a stream may do that frameworks have. */
export const OUTER_RULES: readonly AdapterRule[] = [
  ...['/hub', '/greeted', '/snapshot', '/generator', '/function', '/idle-function', '/empty', '/null', '/full'].map(
    (path): AdapterRule => [
      `keeps what outer middleware sets after the handler, and every cookie: ${path}`,
      async (stage) => checkOuter(await stage.ask(path).head()),
    ],
  ),
]

/** The same of what the route sets itself. */
export const OUTER_OPTION_RULES: readonly AdapterRule[] = [
  ['keeps the cookies of middleware beside those of the route', keepsAllCookies],
]

/** The same of what is answered to HEAD. */
export const OUTER_HEAD_RULES: readonly AdapterRule[] = [
  [
    'keeps what outer middleware sets after the handler: HEAD /hub',
    async (stage) => checkOuter(await stage.ask('/hub', { method: 'HEAD' }).whole()),
  ],
]

/** What others answer is theirs. */
export const REFUSAL_RULES: readonly AdapterRule[] = [
  ['leaves the refusal of a guard as it is, byte for byte', leavesRefusals],
]

function checkOuter({ headers }: WireResponse): void {
  assert.deepEqual(headers.get('x-outer'), ['after'], 'the header that outer middleware sets is lost')
  checkCookies(headers.get('set-cookie'), ['inner=1', 'outer=1'])
}

/** Asserts that cookies came with a header each, in whatever order. */
function checkCookies(headers: readonly string[] | undefined, expected: readonly string[]): void {
  const cookies = (headers ?? []).map((cookie) => cookie.replace(/;.*$/, '')).sort()
  assert.deepEqual(cookies, [...expected].sort())
}

async function keepsAllCookies(stage: AdapterStage): Promise<void> {
  const { headers } = await stage.ask('/own-headers').whole()
  checkCookies(headers.get('set-cookie'), ['inner=1', 'one=1', 'outer=1', 'two=2'])
}

async function leavesRefusals(stage: AdapterStage): Promise<void> {
  const plain = await refusalOf(stage, '/refused-plainly')
  assert.match(plain, /^HTTP\/1.1 401 /)
  assert.match(plain, /\r\n\r\n.*who are you\?/s, 'the refusal has another body')
  assert.equal(await refusalOf(stage, '/refused'), plain)
}

/** Everything that came, but for the time of day. */
async function refusalOf(stage: AdapterStage, path: string): Promise<string> {
  const client = stage.ask(path)
  await client.whole()
  return client.bytes.toString('latin1').replace(/^date: .*$/im, 'date: …')
}
