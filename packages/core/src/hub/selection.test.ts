import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Selection } from './selection.ts'
import { topicMatches } from './topics.ts'

const name = fc.constantFrom('a', 'b', 'a/b', 'a/c', 'a/b/c', 'x')
const pattern = fc.oneof(name, fc.constantFrom('*', '**', 'a/*', 'a/**', '*/b', 'a/*/c', '*/b/**', 'a/*/**'))

describe('Selection', () => {
  it('holds the topics that one of its patterns stands for', () => {
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1 }), name, (patterns, topic) => {
        expect(new Selection(patterns).matches(topic)).toBe(patterns.some((each) => topicMatches(each, topic)))
      }),
    )
  })

  it('is the same for the same topics, in whatever order and however often', () => {
    const { key } = new Selection(['a', 'b/*'])
    expect(new Selection(['b/*', 'a', 'a']).key).toBe(key)
    expect(new Selection(['a']).key).not.toBe(key)
    expect(new Selection('a').key).toBe(new Selection(['a']).key)
  })

  it('shows its topics as they were given, and lets nobody change them', () => {
    const given = ['b', 'a/*', 'b']
    const { topics } = new Selection(given)
    given.push('c')
    expect(topics).toEqual(['b', 'a/*'])
    expect(Object.isFrozen(topics)).toBe(true)
  })

  it('knows whether it is topics alone', () => {
    expect(new Selection(['a', 'b']).exact).toEqual(['a', 'b'])
    expect(new Selection(['a', 'b/*']).exact).toBeUndefined()
  })

  it('refuses what is no topic or pattern, none, and over 1,000', () => {
    const many = Array.from({ length: 1_001 }, (_, i) => `t${i}`)
    expect(new Selection(many.slice(1)).topics).toHaveLength(1_000)
    for (const topics of ['', 'a//b', 'sse.x', 'a*', [], many, ['a', ''], ['a', 5], 5, null, undefined]) {
      expect(() => new Selection(topics as string), JSON.stringify(topics)).toThrow(
        expect.objectContaining({
          name: 'SseError',
          code: 'SSE_INVALID_FIELD',
          message: expect.stringContaining('`topic'),
        }),
      )
    }
  })
})
