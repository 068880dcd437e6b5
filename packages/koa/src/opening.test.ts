import type { SseStream } from '@sse/core'
import { closedStream } from '@sse/core/adapter'
import { describe, expect, it } from 'vitest'
import { Opening } from './opening.ts'

const stream = closedStream()
const boom = new Error('boom')
const failing = (): Opening => new Opening(Promise.reject(boom))

describe('Opening', () => {
  it('is a promise of the stream', async () => {
    expect(await new Opening(Promise.resolve(stream))).toBe(stream)
    await expect(failing()).rejects.toBe(boom)
  })

  it.each<readonly [string, (opening: Opening) => Promise<unknown>]>([
    ['awaited', async (opening) => await opening],
    ['returned', async (opening) => opening],
    ['resolved with', (opening) => Promise.resolve(opening)],
    ['raced', (opening) => Promise.race([opening])],
    ['caught', (opening) => opening.catch(() => stream)],
    ['waited for in the end', (opening) => opening.finally(() => {})],
  ])('knows that it was asked: %s', async (_way, ask) => {
    const opening = new Opening(Promise.resolve(stream))
    expect(opening.isAwaited).toBe(false)
    await ask(opening)
    expect(opening.isAwaited).toBe(true)
  })

  it('tells its outcome without being asked, and left alone is no unhandled rejection', async () => {
    const [good, bad] = [new Opening(Promise.resolve(stream)), failing()]
    expect(await good.outcome).toEqual([])
    expect(await bad.outcome).toEqual([{ error: boom }])
    expect([good.isAwaited, bad.isAwaited]).toEqual([false, false])
  })

  it('tells an outcome that failed with nothing', async () => {
    const nothing: unknown = undefined
    expect(await new Opening(Promise.reject<SseStream>(nothing)).outcome).toEqual([{ error: undefined }])
  })
})
