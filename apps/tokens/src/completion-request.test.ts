import { describe, expect, it } from 'vitest'
import { completionRequestFrom, InvalidCompletion } from './completion-request.ts'

const messages = [
  { role: 'system', content: 'Be brief' },
  { role: 'user', content: 'First' },
  { role: 'assistant', content: 'Yes?' },
  { role: 'user', content: ' Why do cats purr? ' },
]

describe('completionRequestFrom', () => {
  const read = (body: object) => completionRequestFrom({ model: 'polly-1', messages, ...body }, 'polly-1')

  it('takes what the user said last', () => {
    expect(read({})).toEqual({ prompt: 'Why do cats purr?', stream: false, includeUsage: false, maxTokens: undefined })
  })

  it('takes the text of a content in parts', () => {
    const content = [{ type: 'text', text: 'Why do ' }, { type: 'image_url' }, { type: 'text', text: 'cats purr?' }]
    expect(read({ messages: [{ role: 'user', content }] }).prompt).toBe('Why do cats purr?')
  })

  it('takes the options that it knows, and `null` for their absence', () => {
    expect(read({ stream: true, stream_options: { include_usage: true }, max_tokens: 7 })).toMatchObject({
      stream: true,
      includeUsage: true,
      maxTokens: 7,
    })
    expect(read({ max_tokens: 7, max_completion_tokens: 3 }).maxTokens).toBe(3)
    expect(read({ stream: null, stream_options: null, max_tokens: null })).toEqual(read({}))
  })

  it.each([
    [{ model: undefined }, 404, 'model', 'model_not_found'],
    [{ model: 'gpt-5' }, 404, 'model', 'model_not_found'],
    [{ messages: undefined }, 400, 'messages', null],
    [{ messages: 'Hello' }, 400, 'messages', null],
    [{ messages: [] }, 400, 'messages', null],
    [{ messages: [null, 7, { role: 'user', content: ' ' }] }, 400, 'messages', null],
    [{ messages: [{ role: 'user', content: 'x'.repeat(2_001) }] }, 400, 'messages', null],
    [{ stream: 'yes' }, 400, 'stream', null],
    [{ max_tokens: 0 }, 400, 'max_tokens', null],
    [{ max_tokens: '7' }, 400, 'max_tokens', null],
    [{ max_completion_tokens: 1.5 }, 400, 'max_completion_tokens', null],
  ])('refuses %j with %i, naming the parameter', (body, status, param, code) => {
    const refusal = catching(() => read(body))
    expect(refusal).toBeInstanceOf(InvalidCompletion)
    expect(refusal).toMatchObject({ status, param, code })
    expect(String(refusal)).toContain('`')
  })
})

function catching(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}
