import { describe, expect, it } from 'vitest'
import { isLaterEpoch } from './epoch.ts'

describe('isLaterEpoch', () => {
  it('goes by when they began, whatever was drawn', () => {
    const [first, second] = ['mwtj2k9xzzzz', 'mwtj2k9yaaaa']
    expect(isLaterEpoch(second, first)).toBe(true)
    expect(isLaterEpoch(first, second)).toBe(false)
    expect(isLaterEpoch(first, first)).toBe(false)
    expect(isLaterEpoch('100000000aaaa', 'zzzzzzzzaaaa')).toBe(true)
  })

  it('says no of what is no epoch', () => {
    for (const text of ['', 'zzzz', 'zzzzzzzzzzz', 'zzzzzzzzzzzzzzz', 'ZZZZZZZZZZZZ', 'zzzzzzzz-zzz', 'e2']) {
      expect(isLaterEpoch(text, 'mwtj2k9xzzzz')).toBe(false)
    }
  })
})
