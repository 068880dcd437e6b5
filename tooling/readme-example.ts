import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { selfSigned } from './certificate.ts'
import { freePort } from './engine-process.ts'
import type { CodeBlock } from './markdown.ts'

/** How long an example may take to end, to listen, or to send an event, in milliseconds. */
const PATIENCE = 15_000

/**
 * How a block of code says what it does. Without any of these words it is a script that ends by itself, without an error.
 *
 * - `run=/prices`: it listens on `PORT`, and a GET of this path is a stream with at least one event
 * - `post=/chat`: the same with a POST of `{"prompt":"Hello"}`
 * - `fetch=/prices`: it exports a `fetch`, the Web form of a server, which is asked for this path
 * - `browser`: it runs in the page of the server in the block before, and logs what it gets
 * - `frame`: of its stream only the first frame is waited for
 * - `tls`: it speaks HTTP/2, with the key and the certificate in the files that `TLS_KEY` and `TLS_CERT` name; goes with `run`
 * - `redis`, `nats`: it finds an engine that nobody else uses at `REDIS_URL` or `NATS_URL`
 * - `fragment`: it is a part of something, and is neither type-checked nor run
 */
const FLAGS = ['run', 'post', 'fetch', 'browser', 'frame', 'tls', 'redis', 'nats', 'fragment'] as const

/** A block of code as a file of its own. */
export interface Example {
  readonly block: CodeBlock
  readonly file: string
  /** The nearest block before it that listens. */
  readonly server: Example | undefined
}

/** Throws if a block says what nobody knows, or does not say how the server in it is to be asked. */
export function checkFlags({ flags, code }: CodeBlock): void {
  for (const flag of flags.keys()) {
    if (!FLAGS.some((known) => known === flag)) throw new Error(`\`${flag}\` is none of ${FLAGS.join(', ')}`)
  }
  if (/\bprocess\.env\.PORT\b/.test(code) && !listens(flags) && !flags.has('fragment')) {
    throw new Error('It listens: say which path is its stream, as in ```ts run=/prices')
  }
}

/** Whether a block has decorators: Node strips types, but decorators are more than types. */
export function usesDecorators({ code }: CodeBlock): boolean {
  return /^\s*@[A-Z]\w*\(/m.test(code)
}

/** What Node runs of an example: the file as it is or, with decorators, what the compiler has put beside it. */
function runnable({ block, file }: Example): string {
  return usesDecorators(block) ? file.replace(/\.ts$/, '.js') : file
}

/** Whether a block listens on `PORT`. */
export function listens(flags: CodeBlock['flags']): boolean {
  return flags.has('run') || flags.has('post')
}

/** Which engines an example needs, or the server that it is the page of. */
export function enginesOf({ block, server }: Example): ReadonlySet<'redis' | 'nats'> {
  const flags = block.flags.has('browser') ? server?.block.flags : block.flags
  return new Set((['redis', 'nats'] as const).filter((engine) => flags?.has(engine)))
}

/**
 * Runs an example to its end, or until it has shown that it works; throws if it does not.
 *
 * @param env where its engines are
 */
export async function runExample(example: Example, env: NodeJS.ProcessEnv): Promise<void> {
  const { flags } = example.block
  if (flags.has('tls')) return withCertificate((tls) => whileServing(example, { ...env, ...tls }, readOverHttp2(flags)))
  if (listens(flags)) return whileServing(example, env, (url) => readStream(url, flags))
  if (flags.has('fetch')) return callFetch(example, env)
  if (flags.has('browser')) {
    if (example.server === undefined) throw new Error('There is no server in a block before')
    return whileServing(example.server, env, (url) => runInPage(url, example))
  }
  const script = run([runnable(example)], { env })
  const [code, signal] = await script.ended
  if (signal === 'SIGKILL') throw new Error(`It did not end within ${PATIENCE} ms\n${script.said()}`)
  if (code !== 0) throw new Error(`It ended with ${signal ?? `code ${code}`}\n${script.said()}`)
}

/** Starts an example that listens, does something with its address, and stops it. */
async function whileServing(
  example: Example,
  env: NodeJS.ProcessEnv,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const port = await freePort()
  const server = run([runnable(example)], { env: { ...env, PORT: String(port) } })
  const url = `${example.block.flags.has('tls') ? 'https' : 'http'}://localhost:${port}`
  try {
    await Promise.race([waitUntilListening(url), endOf(server, 'before it listened')])
    await Promise.race([use(url), endOf(server, 'while it was asked')])
  } catch (error) {
    throw new Error(`${String(error)}\n${server.said()}`)
  } finally {
    await server.stop()
  }
}

async function waitUntilListening(url: string): Promise<void> {
  const deadline = AbortSignal.timeout(PATIENCE)
  while (!deadline.aborted) {
    try {
      await (url.startsWith('https:') ? greet(url) : fetch(url, { method: 'HEAD', signal: deadline }))
      return
    } catch {
      // Nobody listens yet.
      await delay(20)
    }
  }
  throw new Error(`Nobody listened on PORT within ${PATIENCE} ms`)
}

async function readStream(url: string, flags: CodeBlock['flags']): Promise<void> {
  const path = flags.get('run') ?? flags.get('post')
  const body = JSON.stringify({ prompt: 'Hello' })
  const post = flags.has('post') && { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }
  const response = await fetch(`${url}${path}`, { ...post, signal: AbortSignal.timeout(PATIENCE) })
  const type = response.headers.get('content-type')
  if (response.status !== 200 || type?.startsWith('text/event-stream') !== true || response.body === null) {
    throw new Error(`${path} answered ${response.status} (${type}): ${await response.text()}`)
  }
  await untilPrinted(response.body, enough(flags))
}

/** Writes a key and a certificate, for as long as they are used. */
async function withCertificate(use: (env: NodeJS.ProcessEnv) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'certificate-'))
  const [TLS_KEY, TLS_CERT] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const { key, cert } = selfSigned()
  writeFileSync(TLS_KEY, key)
  writeFileSync(TLS_CERT, cert)
  try {
    await use({ TLS_KEY, TLS_CERT })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Resolves when a server of HTTP/2 has taken a connection. */
async function greet(url: string): Promise<void> {
  const session = connectHttp2(url, { rejectUnauthorized: false })
  await once(session, 'connect').finally(() => session.destroy())
}

function readOverHttp2(flags: CodeBlock['flags']): (url: string) => Promise<void> {
  return async (url) => {
    const session = connectHttp2(url, { rejectUnauthorized: false })
    session.setTimeout(PATIENCE, () => session.destroy(new Error(`Nothing came within ${PATIENCE} ms`)))
    try {
      const stream = session.request({ ':path': flags.get('run') })
      const [{ ':status': status, 'content-type': type }] = await once(stream, 'response')
      if (status !== 200 || !String(type).startsWith('text/event-stream')) throw new Error(`${status} (${type})`)
      await untilPrinted(stream, enough(flags))
    } finally {
      session.destroy()
    }
  }
}

/** Asks the `fetch` that a block exports, in a process of its own. */
async function callFetch({ file, block: { flags } }: Example, env: NodeJS.ProcessEnv): Promise<void> {
  const call = `
    const { default: server } = await import(${JSON.stringify(file)})
    const response = await server.fetch(new Request('http://localhost${flags.get('fetch')}'))
    if (response.headers.get('content-type') !== 'text/event-stream; charset=utf-8') throw new Error('no stream')
    for await (const bytes of response.body) process.stdout.write(bytes)`
  await untilRunPrints(run(['--input-type=module', '--eval', call], { env, isRead: true }), enough(flags))
}

/** Runs a block as the page of a server would: its addresses are that server's, and it has an `EventSource`. */
async function runInPage(url: string, { file }: Example): Promise<void> {
  const origin = `globalThis[Symbol.for('undici.globalOrigin.1')] = new URL('${url}')`
  const preload = `data:text/javascript,${encodeURIComponent(origin)}`
  const page = run(['--experimental-eventsource', '--import', preload, file], { isRead: true })
  await untilRunPrints(page, (text) => text.includes('\n'))
}

/** What a stream has to have sent: an event, which is a block of lines with `data`, or any block. */
function enough(flags: CodeBlock['flags']): (text: string) => boolean {
  return flags.has('frame') ? (text) => text.includes('\n\n') : (text) => /^data:.*\n(?:.+\n)*\n/m.test(text)
}

async function untilRunPrints(script: Run, isEnough: (text: string) => boolean): Promise<void> {
  try {
    await Promise.race([untilPrinted(script.output, isEnough), endOf(script, 'before it had shown an event')])
  } catch (error) {
    throw new Error(`${String(error)}\n${script.said()}`)
  } finally {
    await script.stop()
  }
}

async function untilPrinted(output: AsyncIterable<Uint8Array>, isEnough: (text: string) => boolean): Promise<void> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of output) {
    text += decoder.decode(bytes, { stream: true })
    if (isEnough(text)) return
  }
  throw new Error(`The stream ended without an event: ${text}`)
}

/** A process of Node's. */
interface Run {
  /** What it prints, where that is read. */
  readonly output: AsyncIterable<Uint8Array>
  /** Its exit code and signal. */
  readonly ended: Promise<[code: number | null, signal: string | null]>
  /** What it wrote to its standard error. */
  said(): string
  stop(): Promise<void>
}

interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Whether what it prints is read. */
  readonly isRead?: boolean
}

function run(args: readonly string[], { env, isRead = false }: RunOptions = {}): Run {
  const child = spawn(process.execPath, ['--no-warnings', ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (!isRead) child.stdout.resume()
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
  const ended = endedBy(child).finally(() => clearTimeout(timer))
  return {
    output: child.stdout,
    ended,
    said: () => errors,
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function endedBy(child: ChildProcess): Promise<[number | null, string | null]> {
  const [code, signal] = await once(child, 'close')
  return [code, signal]
}

/** Fails when a process ends that should not. */
async function endOf({ ended }: Run, when: string): Promise<never> {
  const [code, signal] = await ended
  throw new Error(`It ended ${when}, with ${signal ?? `code ${code}`}`)
}
