import { describe, expect, it } from 'vitest'
import { SseError } from './error.ts'

describe('SseError', () => {
  it('is an error with a code and a cause', () => {
    const cause = new Error('why')
    const error = new SseError('SSE_LOG', 'what', { cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'SseError', code: 'SSE_LOG', message: 'what', cause })
  })

  it('has no cause unless given one', () => {
    expect('cause' in new SseError('SSE_LOG', 'what')).toBe(false)
  })

  it('begins its stack with its name', () => {
    expect(new SseError('SSE_GAP', 'what').stack).toMatch(/^SseError: what\n/)
  })
})
