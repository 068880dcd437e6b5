import { describe, expect, it } from 'vitest'
import { subjectOf } from './subject.ts'

describe('subjectOf', () => {
  it.each([
    ['Why do cats purr?', { main: 'cats', other: 'purr', form: 'prose' }],
    ['How do I tune a piano?', { main: 'piano', other: 'tune', form: 'steps' }],
    ['Write a function that sorts penguins', { main: 'penguins', other: 'sorts', form: 'code' }],
    ['A poem about the night bus', { main: 'bus', other: 'night', form: 'verse' }],
    ['Éclairs', { main: 'Éclairs', other: 'the rest', form: 'prose' }],
    ['???', { main: 'this', other: 'the rest', form: 'prose' }],
    ['x'.repeat(500), { main: 'this', other: 'the rest', form: 'prose' }],
  ])('of %j', (prompt, subject) => {
    expect(subjectOf(prompt)).toEqual(subject)
  })
})
