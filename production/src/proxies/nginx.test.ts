import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { selfSigned } from '@sse/tooling/certificate'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SERVERS } from '../servers/all.ts'
import { behind, openForTest, startForTest, untilSize } from './behind.ts'
import { startNaiveForTest } from './naive.ts'
import { documentedLocation, NGINX_AS_DOCUMENTED, NGINX_BY_DEFAULT, nginx } from './nginx.ts'

const CACHING = nginx({
  name: 'nginx that caches',
  lines: () => ['proxy_cache cache;', 'proxy_cache_valid any 10s;'],
  location: documentedLocation,
})

const SPEAKING_HTTP2 = nginx({
  name: 'nginx that speaks HTTP/2',
  lines(directory) {
    const { key, cert } = selfSigned()
    writeFileSync(join(directory, 'key.pem'), key)
    writeFileSync(join(directory, 'cert.pem'), cert)
    return [
      `listen unix:${directory}/http2 ssl http2;`,
      `ssl_certificate ${directory}/cert.pem;`,
      `ssl_certificate_key ${directory}/key.pem;`,
    ]
  },
  location: documentedLocation,
})

describe('nginx with streams that do not say what they are', () => {
  it('[P1] holds them to their end', async (context) => {
    const naive = await startNaiveForTest()
    const { url } = await startForTest(context, NGINX_BY_DEFAULT, naive)
    const opening = openForTest(`${url}/naive/feed`)
    expect(await Promise.race([opening, pause(300, 'nothing')])).toBe('nothing')
    naive.send('held')
    naive.end()
    expect((await (await opening).next()).data).toBe('held')
  })

  it('[P2] replays them from its cache', async (context) => {
    const naive = await startNaiveForTest()
    const { url } = await startForTest(context, CACHING, naive)
    const opening = openForTest(`${url}/naive/feed`)
    await naive.requested
    naive.send('for one client')
    naive.end()
    expect((await (await opening).next()).data).toBe('for one client')
    const other = await openForTest(`${url}/naive/feed`)
    expect((await other.next()).data).toBe('for one client')
  })
})

describe('nginx', () => {
  const caching = behind(CACHING)
  const compressing = behind(NGINX_AS_DOCUMENTED)
  const speakingHttp2 = behind(SPEAKING_HTTP2)

  it.for(SERVERS)('[P2] that caches gives each client of $name its own stream', async ({ name }, context) => {
    const { url, backend } = await caching(context)
    for (let n = 0; n < 2; n++) {
      const client = await openForTest(`${url}/${name}/count`)
      expect(await client.ending).toBe('ended')
    }
    expect(backend(name).hub.stats().closed.complete).toBe(2)
  })

  it.for(SERVERS)('that compresses streams of $name passes on each event at once', async ({ name }, context) => {
    const { url, backend } = await compressing(context)
    const client = await openForTest(`${url}/${name}/feed`, { headers: { 'accept-encoding': 'gzip' } })
    expect(client.headers['content-encoding']).toBe('gzip')
    for (const data of ['one', 'two']) {
      await backend(name).hub.publish('feed', { data })
      expect((await client.next()).data).toBe(data)
    }
  })

  it.for(SERVERS)('[H18] has many streams of $name on one connection of HTTP/2', async ({ name }, context) => {
    const { directory, backend } = await speakingHttp2(context)
    const session = connectForTest(join(directory, 'http2'))
    const streams = await Promise.all(Array.from({ length: 20 }, () => openStream(session, `/${name}/feed`)))
    await untilSize(backend(name), 20)
    await backend(name).hub.publish('feed', { data: 'for all' })
    await Promise.all(streams.map((stream) => untilText(stream, 'data: for all\n')))
    // One that goes is one less at the server; the others go on.
    const [gone, ...others] = streams
    gone?.close()
    await untilSize(backend(name), 19)
    await backend(name).hub.publish('feed', { data: 'for the rest' })
    await Promise.all(others.map((stream) => untilText(stream, 'data: for the rest\n')))
  })
})

function connectForTest(path: string): ClientHttp2Session {
  const socket = connectTls({ path, ALPNProtocols: ['h2'], rejectUnauthorized: false })
  const session = connectHttp2('https://localhost', { createConnection: () => socket })
  onTestFinished(() => session.destroy())
  return session
}

/** Resolves when the stream has begun. */
async function openStream(session: ClientHttp2Session, path: string): Promise<ClientHttp2Stream> {
  const stream = session.request({ ':path': path, accept: 'text/event-stream' })
  stream.setEncoding('utf8')
  const [headers] = await once(stream, 'response')
  expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream; charset=utf-8' })
  return stream
}

async function untilText(stream: ClientHttp2Stream, text: string): Promise<void> {
  let received = ''
  while (!received.includes(text)) {
    if (stream.readableLength === 0) await once(stream, 'readable')
    received += stream.read() ?? ''
  }
}
