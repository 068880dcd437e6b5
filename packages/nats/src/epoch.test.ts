import { describe, expect, it } from 'vitest'
import { isLaterEpoch } from './epoch.ts'

describe('isLaterEpoch', () => {
  it('goes by when the stream was created, then by how often its history went back', () => {
    const inOrder = [
      'zzzzzzzzzzz',
      'dn1wge4iita2',
      'dn1wge4iita2-2',
      'dn1wge4iita2-10',
      'dn1wge4iita3',
      '1000000000000',
    ]
    for (const [i, epoch] of inOrder.entries()) {
      for (const [j, other] of inOrder.entries()) expect(isLaterEpoch(epoch, other)).toBe(i > j)
    }
  })

  it('says no of what is no epoch', () => {
    for (const text of ['', 'z'.repeat(14), 'ZZZZZZZZZZZZ', 'zzzz-', 'zzzz-0', 'zzzz-x', 'zzzz-1-1']) {
      expect(isLaterEpoch(text, 'dn1wge4iita2')).toBe(false)
    }
  })
})
