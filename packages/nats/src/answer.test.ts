import { describe, expect, it } from 'vitest'
import { readAnswer } from './answer.ts'

describe('readAnswer', () => {
  it.each([
    ['{"stream":"sse","seq":7}', { kind: 'stored', sequence: 7, isDuplicate: false }],
    ['{"stream":"sse","seq":7,"duplicate":true}', { kind: 'stored', sequence: 7, isDuplicate: true }],
    [
      '{"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}}',
      { kind: 'away' },
    ],
    [
      '{"error":{"code":503,"err_code":10023,"description":"insufficient resources"}}',
      { kind: 'refused', code: 10023 },
    ],
    ['{"error":{"code":400,"err_code":10054,"description":"message size exceeds"}}', { kind: 'refused', code: 10054 }],
    // Of a copy whose first is on its way to the other servers: it is neither stored nor refused yet.
    ['{"stream":"sse","seq":0,"duplicate":true}', { kind: 'away' }],
    ['{"error":{"code":409,"err_code":10158,"description":"duplicate message id is in process"}}', { kind: 'away' }],
    ['{"error":"?"}', { kind: 'refused', code: 0 }],
    ['+OK', { kind: 'refused', code: 0 }],
    ['{}', { kind: 'refused', code: 0 }],
  ])('reads %s', (text, answer) => {
    expect(readAnswer(0, text)).toMatchObject(answer)
  })

  it('knows when nobody has listened', () => {
    expect(readAnswer(503, '')).toMatchObject({ kind: 'away' })
  })
})
