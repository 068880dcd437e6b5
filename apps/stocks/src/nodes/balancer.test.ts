import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { readEvents } from '@sse/core/testing'
import { deferred } from '@sse/tooling/deferred'
import { listeningForTest } from '@sse/tooling/listening'
import { describe, expect, it } from 'vitest'
import { type Backend, Balancer } from './balancer.ts'

describe('Balancer', () => {
  /** A backend that answers with its name; `/events` is a stream that stays open. */
  async function backend(name: string, serve?: RequestListener): Promise<Backend & { close(): void }> {
    const own: RequestListener = (req, res) => {
      res.setHeader('X-Asked', `${req.method} ${req.url} ${req.headers['last-event-id'] ?? ''} ${req.headers.via}`)
      if (req.url !== '/events') return void req.pipe(res.writeHead(201, { 'X-Name': name }))
      res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(`data: ${name}\n\n`)
    }
    const { port, close } = await listeningForTest(createServer(serve ?? own))
    return { name, port, close }
  }

  async function balance(backends: readonly Backend[]): Promise<{ url: string; streams: string[] }> {
    const streams: string[] = []
    const balancer = new Balancer({
      backends: () => backends,
      onStream({ url }, { name }, closed) {
        streams.push(`${name} ${url}`)
        void closed.then(() => streams.push(`${name} closed`))
      },
    })
    const { url } = await listeningForTest(createServer((req, res) => balancer.serve(req, res)))
    return { url, streams }
  }

  it('hands on method, path, headers and body, and hands back status, headers and body', async () => {
    const { url } = await balance([await backend('a')])
    const headers = { 'Last-Event-ID': '7' }
    const response = await fetch(`${url}/some?thing=1`, { method: 'POST', body: 'hello', headers })
    expect(response.status).toBe(201)
    expect(response.headers.get('X-Name')).toBe('a')
    expect(response.headers.get('X-Asked')).toBe('POST /some?thing=1 7 1.1 balancer')
    expect(await response.text()).toBe('hello')
  })

  it('leads streams to the node with the fewest, and tells who is where', async () => {
    const { url, streams } = await balance([await backend('a'), await backend('b')])
    const open = Array.from({ length: 4 }, () => readEvents(`${url}/events`))
    const names: (string | undefined)[] = []
    for (const events of open) names.push((await events.next()).value?.data)
    expect(names.toSorted()).toEqual(['a', 'a', 'b', 'b'])
    expect(streams.toSorted()).toEqual(['a /events', 'a /events', 'b /events', 'b /events'])
    for (const [i, events] of open.entries()) if (names[i] === 'a') await events.return()
    await expect.poll(() => streams.filter((line) => line === 'a closed')).toHaveLength(2)
    const next = [readEvents(`${url}/events`), readEvents(`${url}/events`)]
    for (const events of next) expect((await events.next()).value?.data).toBe('a')
    for (const events of [...open, ...next]) await events.return()
  })

  it('breaks the stream of a node that is gone, and leads the next one to another', async () => {
    const first = await backend('a')
    const second = await backend('b')
    const { url } = await balance([first, second])
    const [one, two] = [readEvents(`${url}/events`), readEvents(`${url}/events`)]
    const onFirst = (await one.next()).value?.data === 'a' ? one : two
    await two.next()
    first.close()
    await expect(onFirst.next()).rejects.toThrow()
    for (let i = 0; i < 3; i++) expect((await fetch(url)).headers.get('X-Name')).toBe('b')
  })

  it('tells a node that its client has gone', async () => {
    const gone = deferred()
    const node = await backend('a', (_req, res) => {
      res.once('close', () => gone.resolve())
      res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n')
    })
    const { url } = await balance([node])
    const events = readEvents(`${url}/events`)
    await events.next()
    await events.return()
    await gone.promise
  })

  it('[H8] where no node is up, tells a browser to come back, and everyone else that it cannot', async () => {
    const { url } = await balance([])
    const stream = await fetch(url, { headers: { Accept: 'text/event-stream' } })
    expect(stream.status).toBe(200)
    expect(await stream.text()).toBe('retry: 1000\n\n')
    expect((await fetch(url)).status).toBe(503)
  })

  it('does not ask twice what has a body', async () => {
    const server = createServer()
    const { port, close } = await listeningForTest(server)
    const other = await backend('b')
    close()
    await once(server, 'close')
    const { url } = await balance([{ name: 'a', port }, other])
    const statuses = []
    for (let i = 0; i < 2; i++) statuses.push((await fetch(url, { method: 'POST', body: 'x' })).status)
    expect(statuses.toSorted()).toEqual([201, 503])
  })
})
