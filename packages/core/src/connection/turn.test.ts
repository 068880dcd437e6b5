import { afterEach, describe, expect, it, vi } from 'vitest'
import { afterTurn, nextTurn } from './turn.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

describe('afterTurn', () => {
  it('calls back after everything that this turn has left to do', async () => {
    const order: string[] = []
    const done = new Promise<void>((resolve) => {
      afterTurn(() => {
        order.push('after the turn')
        resolve()
      })
    })
    order.push('now')
    queueMicrotask(() => order.push('microtask'))
    process.nextTick(() => order.push('tick'))
    await Promise.resolve().then(() => order.push('promise'))
    await done
    expect(order).toEqual(['now', 'microtask', 'promise', 'tick', 'after the turn'])
  })

  it('does so while a test has faked the timers', async () => {
    vi.useFakeTimers()
    try {
      await new Promise<void>((resolve) => afterTurn(resolve))
    } finally {
      vi.useRealTimers()
    }
  })

  it('does so where there is no `setImmediate`', async () => {
    vi.stubGlobal('setImmediate', undefined)
    vi.resetModules()
    const { afterTurn: otherwise } = await import('./turn.ts')
    let isLater = false
    const done = new Promise<void>((resolve) => otherwise(resolve))
    queueMicrotask(() => {
      isLater = true
    })
    await done
    expect(isLater).toBe(true)
  })
})

describe('nextTurn', () => {
  it('is one turn for all who ask in the same, and another for who asks later', async () => {
    const first = nextTurn()
    expect(nextTurn()).toBe(first)
    await first
    const second = nextTurn()
    expect(second).not.toBe(first)
    await second
  })
})
