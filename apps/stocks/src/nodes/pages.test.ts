import { deferred } from '@sse/tooling/deferred'
import { describe, expect, it } from 'vitest'
import { Pages } from './pages.ts'

describe('Pages', () => {
  it('numbers pages as they come, keeps the number while a stream is open, and knows who is where', async () => {
    let changes = 0
    const pages = new Pages(() => {
      changes += 1
    })
    const own = deferred()
    const stream = deferred()
    const never = new Promise(() => {})
    expect(pages.enter({ client: 'a', node: undefined }, own.promise)).toBe(1)
    expect(pages.enter({ client: 'a', node: 'node 1' }, stream.promise)).toBe(1)
    expect(pages.enter({ client: 'b', node: 'node 1' }, never)).toBe(2)
    expect(pages.on('node 1')).toEqual([1, 2])
    expect(pages.on('node 2')).toEqual([])

    stream.resolve()
    await stream.promise
    expect(pages.on('node 1')).toEqual([2])
    expect(pages.enter({ client: 'a', node: 'node 2' }, Promise.resolve())).toBe(1)
    expect(pages.on('node 2')).toEqual([1])

    own.resolve()
    await own.promise
    expect(changes).toBe(7)
    expect(pages.enter({ client: 'a', node: 'node 2' }, never)).toBe(3)
  })
})
