import { once } from 'node:events'
import { Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { until } from '../../test/until.ts'
import { NodeBody } from './node-body.ts'

const KIB = 1024

describe('NodeBody', () => {
  it('[S1] gives a pipe the very bytes that it was given, each in one piece', async () => {
    const { body } = setUp()
    const given = ['a', 'bc', 'def'].map((text) => Buffer.from(text))
    body.write(given[0] ?? Buffer.alloc(0))
    body.write(given[1] ?? Buffer.alloc(0))
    const written: unknown[] = []
    const target = new Writable({
      write(chunk, _encoding, done) {
        written.push(chunk)
        done()
      },
    })
    body.stream.pipe(target)
    await nextTurn()
    body.write(given[2] ?? Buffer.alloc(0))
    await nextTurn()
    expect(written).toHaveLength(3)
    for (const [index, bytes] of given.entries()) expect(written[index]).toBe(bytes)
  })

  it('[S2] is full with 16 KiB that nobody has read, and says once when there is room', async () => {
    const { body, drained } = setUp()
    let written = 1
    while (body.write(Buffer.alloc(KIB))) written++
    expect(written).toBe(16)
    expect(body.bufferedBytes).toBe(16 * KIB)
    // More is taken all the same: a stream ends with everything that was sent.
    expect(body.write(Buffer.alloc(KIB))).toBe(false)
    await nextTurn()
    expect(drained).not.toHaveBeenCalled()
    body.stream.resume()
    await nextTurn()
    expect(drained).toHaveBeenCalledOnce()
    expect(body.bufferedBytes).toBe(0)
    expect(body.write(Buffer.alloc(KIB))).toBe(true)
  })

  it('says nothing of room where it was not full', async () => {
    const { body, drained } = setUp()
    body.stream.resume()
    for (let n = 0; n < 3; n++) {
      body.write(Buffer.alloc(KIB))
      await nextTurn()
    }
    expect(drained).not.toHaveBeenCalled()
  })

  it('ends after what was written', async () => {
    const { body, gone } = setUp()
    body.write(Buffer.from('a'))
    body.end()
    expect(String(Buffer.concat(await body.stream.toArray()))).toBe('a')
    await vi.waitFor(() => expect(gone).toHaveBeenCalledOnce())
  })

  it('[H4] says that nobody reads it any more, and takes nothing then', async () => {
    const { body, gone } = setUp()
    body.write(Buffer.from('a'))
    body.stream.destroy()
    expect(gone).toHaveBeenCalledOnce()
    expect(body.write(Buffer.from('b'))).toBe(false)
    body.end()
    await once(body.stream, 'close')
    expect(gone).toHaveBeenCalledOnce()
  })

  it('[H5] is cut: who reads it is told', async () => {
    const { body, gone } = setUp()
    body.write(Buffer.from('a'))
    body.cut()
    await expect(body.stream.toArray()).rejects.toThrow(expect.objectContaining({ code: 'ERR_STREAM_PREMATURE_CLOSE' }))
    expect(gone).toHaveBeenCalledOnce()
  })

  it('is destroyed with an error that its pipe may tell', async () => {
    const { body, gone } = setUp()
    const boom = new Error('boom')
    const failed = once(body.stream, 'error')
    body.stream.destroy(boom)
    expect(await failed).toEqual([boom])
    expect(gone).toHaveBeenCalledOnce()
  })

  it('gives everything in order, and says so whenever it had been full, whatever the sizes and the pace', async () => {
    const step = fc.record({ size: fc.integer({ min: 1, max: 40 * KIB }), waits: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.integer({ min: 1, max: 64 * KIB }), async (steps, hwm) => {
        const { body, drained } = setUp()
        const received: Buffer[] = []
        const slow = new Writable({
          highWaterMark: hwm,
          write(chunk, _encoding, done) {
            received.push(chunk)
            setImmediate(done)
          },
        })
        body.stream.pipe(slow)
        const given: Buffer[] = []
        for (const [index, { size, waits }] of steps.entries()) {
          const bytes = Buffer.alloc(size, index + 1)
          given.push(bytes)
          const before = drained.mock.calls.length
          if (!body.write(bytes) && waits) await until(() => drained.mock.calls.length > before)
        }
        body.end()
        await once(slow, 'finish')
        expect(Buffer.concat(received)).toEqual(Buffer.concat(given))
      }),
      { numRuns: 50 },
    )
  })
})

function setUp() {
  const [drained, gone] = [vi.fn(), vi.fn()]
  return { body: new NodeBody({ drained, gone }), drained, gone }
}
