import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { until } from '../../test/until.ts'
import { HIGH_WATER_MARK, WebBody } from './web-body.ts'

const KIB = 1024

describe('WebBody', () => {
  it('[S1] gives its reader the very bytes that it was given', async () => {
    const { body } = setUp()
    const given = [new Uint8Array([1]), new Uint8Array([2, 3])]
    for (const bytes of given) expect(body.write(bytes)).toBe(true)
    const reader = body.stream.getReader()
    for (const bytes of given) expect((await reader.read()).value).toBe(bytes)
  })

  it('[S2] is full with 16 KiB that nobody has read, and says once when there is room', async () => {
    const { body, drained } = setUp()
    let written = 1
    while (body.write(new Uint8Array(KIB))) written++
    expect(written * KIB).toBe(HIGH_WATER_MARK)
    expect(body.bufferedBytes).toBe(HIGH_WATER_MARK)
    // More is taken all the same: a stream ends with everything that was sent.
    expect(body.write(new Uint8Array(KIB))).toBe(false)
    await nextTurn()
    expect(drained).not.toHaveBeenCalled()
    const reader = body.stream.getReader()
    for (let n = 0; n <= written; n++) await reader.read()
    await nextTurn()
    expect(drained).toHaveBeenCalledOnce()
    expect(body.bufferedBytes).toBe(0)
    expect(body.write(new Uint8Array(KIB))).toBe(true)
  })

  it('ends after what was written, and takes nothing more', async () => {
    const { body, gone } = setUp()
    body.write(new Uint8Array([1, 2]))
    body.end()
    expect(body.write(new Uint8Array([3]))).toBe(false)
    body.end()
    expect(new Uint8Array(await new Response(body.stream).arrayBuffer())).toEqual(new Uint8Array([1, 2]))
    expect(gone).not.toHaveBeenCalled()
    expect(body.bufferedBytes).toBe(0)
  })

  it('[H4] says that nobody reads it any more; then it is closed already', async () => {
    const { body, gone } = setUp()
    body.write(new Uint8Array(KIB))
    await body.stream.cancel()
    expect(gone).toHaveBeenCalledOnce()
    expect(body.write(new Uint8Array(KIB))).toBe(false)
    expect(body.bufferedBytes).toBe(0)
    body.end()
    body.cut('late')
    expect(gone).toHaveBeenCalledOnce()
  })

  it('[H5] is cut: who reads it is told, and what waits is dropped', async () => {
    const { body, gone } = setUp()
    body.write(new Uint8Array(KIB))
    body.cut('The stream was cut.')
    await expect(body.stream.getReader().read()).rejects.toThrow('The stream was cut.')
    expect(body.write(new Uint8Array(KIB))).toBe(false)
    expect(body.bufferedBytes).toBe(0)
    body.end()
    expect(gone).not.toHaveBeenCalled()
  })

  it('gives everything in order, and says so whenever it had been full, whatever the sizes and the pace', async () => {
    const step = fc.record({ size: fc.integer({ min: 1, max: 40 * KIB }), waits: fc.boolean(), turns: fc.nat(2) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { body, drained } = setUp()
        const reading = new Response(body.stream).arrayBuffer()
        const given: Uint8Array[] = []
        for (const [index, { size, waits, turns }] of steps.entries()) {
          const bytes = new Uint8Array(size).fill(index + 1)
          given.push(bytes)
          const before = drained.mock.calls.length
          if (!body.write(bytes) && waits) await until(() => drained.mock.calls.length > before)
          for (let n = 0; n < turns; n++) await nextTurn()
        }
        body.end()
        expect(Buffer.from(await reading)).toEqual(Buffer.concat(given))
      }),
      { numRuns: 50 },
    )
  })
})

function setUp() {
  const [drained, gone] = [vi.fn(), vi.fn()]
  return { body: new WebBody({ drained, gone }), drained, gone }
}
