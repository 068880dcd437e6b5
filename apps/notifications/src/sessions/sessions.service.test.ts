import { Test } from '@nestjs/testing'
import { createHub } from '@sse/core'
import { SseHub } from '@sse/nest'
import { describe, expect, it } from 'vitest'
import { MAX_SESSIONS, Sessions } from './sessions.service.ts'

describe('Sessions', () => {
  it('ends the oldest where there are too many', async () => {
    const providers = [Sessions, { provide: SseHub, useValue: createHub() }]
    const module = await Test.createTestingModule({ providers }).compile()
    const sessions = module.get(Sessions)
    const first = sessions.begin('ada')
    const second = sessions.begin('bruno')
    for (let n = 0; n < MAX_SESSIONS - 1; n++) sessions.begin('chen')
    expect(sessions.principalOf(first)).toBeUndefined()
    expect(sessions.principalOf(second)).toBe('bruno')
    sessions.signOut('chen')
    expect(sessions.principalOf(second)).toBe('bruno')
  })
})
