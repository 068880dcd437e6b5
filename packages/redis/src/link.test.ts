import { getEventListeners } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sharedRedis, startRedisForTest } from '@sse/tooling/engines-for-test'
import { describe, expect, it, vi } from 'vitest'
import { CLIENTS } from '../test/clients.ts'
import { command } from '../test/commands.ts'
import { Network } from '../test/network.ts'
import { openSockets } from '../test/open-sockets.ts'
import { endpointOf } from './endpoint.ts'
import { openLink } from './link.ts'

const redis = sharedRedis()

describe('openLink', () => {
  it('takes a connection for broken whose answer is not there in time', async (context) => {
    const network = await Network.start(await redis(context))
    const abort = new AbortController()
    const link = await openLink({ endpoint: endpointOf({ url: network.url }), timeout: 500, signal: abort.signal })
    expect(await link.send(['PING'])).toBe('PONG')
    network.mute()
    await expect(link.send(['PING'])).rejects.toThrow('no answer within 500 ms')
    await link.closed
    await expect(link.send(['PING'])).rejects.toBeInstanceOf(Error)
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })

  it('does not take it for broken because this process was busy when the answer came', async (context) => {
    const { url } = await redis(context)
    const { signal } = new AbortController()
    const link = await openLink({ endpoint: endpointOf({ url }), timeout: 400, signal })
    const answer = link.send(['BLPOP', 'none', '0.2'])
    await nextTurn()
    await nextTurn()
    const end = performance.now() + 600
    while (performance.now() < end);
    expect(await answer).toBeNull()
    link.destroy()
  })

  it('is ended by its signal', async (context) => {
    const { url } = await redis(context)
    const abort = new AbortController()
    const link = await openLink({ endpoint: endpointOf({ url }), timeout: 5_000, signal: abort.signal })
    const failing = expect(link.send(['XREAD', 'BLOCK', '0', 'STREAMS', 'none', '0'])).rejects.toBeInstanceOf(Error)
    abort.abort()
    await failing
    await link.closed
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })

  it('does not wait for a connection when it is aborted, and leaves none behind', async (context) => {
    const engine = await startRedisForTest(context)
    engine.freeze()
    for (const { create } of CLIENTS) {
      const sockets = openSockets()
      const abort = new AbortController()
      const endpoint = endpointOf({ client: create(engine) })
      const opening = openLink({ endpoint, timeout: 60_000, signal: abort.signal })
      const failing = expect(opening).rejects.toThrow('enough')
      // It is connected, and waits for the first answer.
      await vi.waitFor(() => expect(openSockets()).toBe(sockets + 1))
      abort.abort(new Error('enough'))
      await failing
      expect(getEventListeners(abort.signal, 'abort')).toEqual([])
      await vi.waitFor(() => expect(openSockets()).toBe(sockets))
    }
    engine.resume()
    await vi.waitFor(async () =>
      expect(
        String(await command(engine, 'CLIENT', 'LIST'))
          .trim()
          .split('\n'),
      ).toHaveLength(1),
    )
  })

  it('does not connect if it was aborted before', async (context) => {
    const engine = await startRedisForTest(context)
    const signal = AbortSignal.abort(new Error('enough'))
    for (const { create } of CLIENTS) {
      const opening = openLink({ endpoint: endpointOf({ client: create(engine) }), timeout: 5_000, signal })
      await expect(opening).rejects.toThrow('enough')
    }
    expect(await command(engine, 'INFO', 'stats')).toContain('total_connections_received:2\r')
  })

  it('says why there is no connection', async (context) => {
    const engine = await startRedisForTest(context)
    await engine.kill()
    const { signal } = new AbortController()
    await expect(openLink({ endpoint: endpointOf(engine), timeout: 5_000, signal })).rejects.toThrow('ECONNREFUSED')
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
