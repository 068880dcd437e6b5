import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokenize } from './tokenize.ts'

describe('tokenize', () => {
  it('cuts words into pieces, with the space before them', () => {
    expect(tokenize('It is unfashionable, **really**.\n\nYes')).toEqual([
      'It',
      ' is',
      ' unfash',
      'ionabl',
      'e',
      ',',
      ' **',
      'really',
      '**.',
      '\n\n',
      'Yes',
    ])
  })

  it('loses nothing of any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => tokenize(text).join('') === text))
  })
})
