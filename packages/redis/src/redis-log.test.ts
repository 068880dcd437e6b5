import { createHub } from '@sse/core'
import { describe, expect, it } from 'vitest'
import { redisLog } from './redis-log.ts'

describe('redisLog', () => {
  it('is refused by a hub whose ring holds more than it keeps', () => {
    const log = redisLog({ url: 'redis://localhost:1', maxEvents: 500 })
    expect(() => createHub({ log, ring: { maxEvents: 501 } })).toThrow(
      expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringMatching(/`maxEvents`.*\(501\)/) }),
    )
    createHub({ log, ring: { maxEvents: 500 } })
  })
})
