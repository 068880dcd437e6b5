import { createHub } from '@sse/core'
import { describe, expect, it } from 'vitest'
import { filters, topicsOf } from './filters.ts'

describe('filters', () => {
  it('stand for topics that can be subscribed to', () => {
    const hub = createHub()
    for (const topics of filters.values()) expect(() => hub.subscribe(topics)).not.toThrow()
  })
})

describe('topicsOf', () => {
  it('is the front page where nothing was chosen', () => {
    expect(topicsOf([])).toEqual(['news/*'])
  })

  it('is all that was chosen, each topic once', () => {
    expect(topicsOf(['world', 'science', 'world'])).toEqual(['news/world', 'news/science', 'news/science/**'])
  })

  it.each(['', '*', '**', 'World', 'news/world', 'constructor', '__proto__'])('does not know %j', (name) => {
    expect(topicsOf([name])).toBeUndefined()
    expect(topicsOf(['world', name])).toBeUndefined()
  })
})
