import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Worker } from '../harness/worker.ts'
import { microseconds, payload } from '../payload.ts'
import type { StopwatchMethods } from './stopwatch.ts'

describe('the process that measures latencies', () => {
  let cleanUp: AsyncDisposableStack
  beforeEach(() => {
    cleanUp = new AsyncDisposableStack()
  })
  afterEach(() => cleanUp.disposeAsync())

  it('reads the time at which each event was published, however the stream is cut into chunks', async () => {
    const { stopwatch, sockets } = await connected(2)
    const [first, second] = [event(5_000), event(1_000_000)]
    for (const socket of sockets) {
      for (const part of [first.slice(0, 9), first.slice(9, 40), first.slice(40) + second]) socket.write(part)
    }

    expect(await stopwatch.call('receive', 2)).toEqual({ least: 2, most: 2 })
    const { median, p99 } = await stopwatch.call('latencies')

    expect(median).toBeGreaterThanOrEqual(1_000_000)
    expect(p99).toBeGreaterThanOrEqual(1_000_000)
    expect(p99).toBeLessThan(10_000_000)
  })

  it('counts anew after each answer, and keeps the times until it is asked for them', async () => {
    const { stopwatch, sockets } = await connected(1)
    sockets[0]?.write(event(9_000_000))
    await stopwatch.call('receive', 1)
    sockets[0]?.write(event(0))
    await stopwatch.call('receive', 1)
    expect((await stopwatch.call('latencies')).p99).toBeGreaterThan(9_000_000)
    sockets[0]?.write(event(0))
    await stopwatch.call('receive', 1)
    expect((await stopwatch.call('latencies')).p99).toBeLessThan(9_000_000)
  })

  it('tells of clients that got less or more', async () => {
    const { stopwatch, sockets } = await connected(2)
    sockets[0]?.write(event(0) + event(0) + event(0))
    sockets[1]?.write(event(0))
    expect(await stopwatch.call('receive', 2)).toMatchObject({ least: 1, most: 3 })
  })

  /** An event that was published so many µs ago. */
  function event(ago: number): string {
    return `data: ${payload((microseconds() - ago + 1e10) % 1e10, 100)}\n\n`
  }

  async function connected(count: number) {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => {}).write('HTTP/1.1 200 OK\r\n\r\n')
    })
    cleanUp.defer(() => void server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const stopwatch = cleanUp.use(new Worker<StopwatchMethods>(new URL('stopwatch.ts', import.meta.url), 'stopwatch'))
    // A TCP server's address is an object.
    const { port } = server.address() as AddressInfo
    await stopwatch.call('connect', { port, count })
    return { stopwatch, sockets }
  }
})
