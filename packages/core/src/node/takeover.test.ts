import { OutgoingMessage, type ServerResponse } from 'node:http'
import { deferred } from '@sse/tooling/deferred'
import { describe, expect, it } from 'vitest'
import { serveHttp } from '../../test/http-server.ts'
import { RawClient } from '../../test/raw-client.ts'
import { Takeover } from './takeover.ts'

const KIB = 1024
const MIB = 1024 * KIB

describe('Takeover', () => {
  it('[S1] is proven when all that was given has been written, as it was', async () => {
    const { response, takeover, proven, client } = await start()
    const [one, two] = [Buffer.from('one'), Buffer.from('two')]
    takeover.give(one)
    takeover.give(two)
    response.write(one)
    expect(proven).toEqual([])
    response.write(two)
    expect(proven).toEqual([true])
    expect(takeover.isRefuted).toBe(false)
    response.end()
    await client.untilComplete()
    expect(client.body).toBe('onetwo')
  })

  it('[S2] is told what the last write has answered', async () => {
    const { response, takeover, proven } = await start({ reads: false })
    const bytes = Buffer.alloc(16 * MIB)
    takeover.give(bytes)
    expect(response.write(bytes)).toBe(false)
    expect(proven).toEqual([false])
  })

  it.each<readonly [string, (given: Buffer) => string | Uint8Array]>([
    ['a copy', (given) => Buffer.from(given)],
    ['a view of the same bytes', (given) => given.subarray()],
    ['a text', String],
    ['a part', (given) => given.subarray(1)],
  ])('[S1] is never proven by %s', async (_name, other) => {
    const { response, takeover, proven } = await start()
    const given = Buffer.from('given')
    takeover.give(given)
    expect(takeover.isRefuted).toBe(false)
    response.write(other(given))
    expect(takeover.isRefuted).toBe(true)
    expect(response.write).toBe(OutgoingMessage.prototype.write)
    // Nor by what comes after.
    takeover.give(given)
    response.write(given)
    expect(proven).toEqual([])
  })

  it.each<readonly [string, readonly number[]]>([
    ['in another order', [1, 0, 2]],
    ['with one left out', [0, 2]],
    ['with one twice', [0, 0, 1, 2]],
  ])('[S1] is never proven by what was given, %s', async (_name, order) => {
    const { response, takeover, proven } = await start()
    const given = ['a', 'b', 'c'].map((text) => Buffer.from(text))
    for (const bytes of given) takeover.give(bytes)
    for (const index of order) response.write(given[index] ?? '')
    expect(proven).toEqual([])
  })

  it('[S1] is never proven where somebody else has written in between', async () => {
    const { response, takeover, proven } = await start()
    const [one, two] = [Buffer.from('one'), Buffer.from('two')]
    takeover.give(one)
    takeover.give(two)
    response.write(one)
    response.write('more')
    response.write(two)
    expect(proven).toEqual([])
  })

  it('is proven once, and lets go of the response', async () => {
    const { response, takeover, proven } = await start()
    const bytes = Buffer.from('x')
    takeover.give(bytes)
    expect(response.write).not.toBe(OutgoingMessage.prototype.write)
    response.write(bytes)
    expect(response.write).toBe(OutgoingMessage.prototype.write)
    takeover.give(bytes)
    response.write(bytes)
    expect(proven).toHaveLength(1)
  })

  it('lets go of the response when it is stopped', async () => {
    const { response, takeover, proven } = await start()
    const bytes = Buffer.from('x')
    takeover.give(bytes)
    takeover.stop()
    expect(response.write).toBe(OutgoingMessage.prototype.write)
    response.write(bytes)
    expect(proven).toEqual([])
  })

  it('leaves the response alone until something is given', async () => {
    const { response } = await start()
    expect(response.write).toBe(OutgoingMessage.prototype.write)
  })

  it('[S1] hands on all that a write is called with, and what it answers', async () => {
    const { response, takeover, client } = await start()
    takeover.give(Buffer.from('given'))
    const written = deferred()
    expect(response.write('c3a9', 'hex', () => written.resolve())).toBe(true)
    await written.promise
    response.end()
    await client.untilComplete()
    expect(client.body).toBe('é')
  })

  it('[S1] goes through one who has wrapped `write` before, and leaves it', async () => {
    const { response, takeover, proven, client } = await start()
    const seen = wrap(response)
    const { write } = response
    const bytes = Buffer.from('given')
    takeover.give(bytes)
    response.write(bytes)
    expect(proven).toEqual([true])
    expect(seen).toEqual(['given'])
    expect(response.write).toBe(write)
    await client.untilBody('given')
  })

  it('[S1] leaves one who has wrapped `write` after', async () => {
    const { response, takeover, proven, client } = await start()
    const bytes = Buffer.from('given')
    takeover.give(bytes)
    const seen = wrap(response)
    const { write } = response
    response.write(bytes)
    expect(proven).toEqual([true])
    expect(response.write).toBe(write)
    response.write('more')
    expect(seen).toEqual(['given', 'more'])
    await client.untilBody('givenmore')
    expect(proven).toHaveLength(1)
  })

  it('gives up where more is given while 256 KiB are on their way, of which nothing comes', async () => {
    const { response, takeover, proven } = await start()
    const given = Array.from({ length: 258 }, () => Buffer.alloc(KIB))
    for (const bytes of given.slice(0, 257)) takeover.give(bytes)
    expect(response.write).not.toBe(OutgoingMessage.prototype.write)
    takeover.give(given[257] ?? Buffer.alloc(0))
    expect(response.write).toBe(OutgoingMessage.prototype.write)
    for (const bytes of given) response.write(bytes)
    expect(proven).toEqual([])
  })

  it('waits for one that is larger than that, and for what was given before', async () => {
    const { response, takeover, proven } = await start()
    const [small, large] = [Buffer.alloc(1), Buffer.alloc(MIB)]
    takeover.give(small)
    takeover.give(large)
    response.write(small)
    response.write(large)
    expect(proven).toHaveLength(1)
  })

  it('counts what is on its way, not what has been', async () => {
    const { response, takeover, proven } = await start()
    const waiting = Buffer.alloc(KIB)
    takeover.give(waiting)
    let last = waiting
    for (let n = 0; n < 600; n++) {
      const next = Buffer.alloc(KIB)
      takeover.give(next)
      response.write(last)
      last = next
    }
    expect(proven).toEqual([])
    response.write(last)
    expect(proven).toHaveLength(1)
  })
})

/** A response that a client waits for, and a takeover of it. */
async function start(options: { readonly reads?: boolean } = {}): Promise<{
  readonly response: ServerResponse
  readonly takeover: Takeover
  readonly proven: readonly boolean[]
  readonly client: RawClient
}> {
  const accepted = deferred<ServerResponse>()
  const { port } = await serveHttp((_req, res) => accepted.resolve(res))
  const client = RawClient.connect(port, options).request('GET /')
  const response = await accepted.promise
  const proven: boolean[] = []
  return { response, takeover: new Takeover(response, (hasRoom) => proven.push(hasRoom)), proven, client }
}

/** Wraps `write` as middlewares do, and answers what passes. */
function wrap(response: ServerResponse): readonly string[] {
  const seen: string[] = []
  response.write = new Proxy(response.write, {
    apply(write, self, args) {
      seen.push(String(args[0]))
      return Reflect.apply(write, self, args)
    },
  })
  return seen
}
