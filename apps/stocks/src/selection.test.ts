import { describe, expect, it } from 'vitest'
import { Selection } from '../public/selection.js'

describe('Selection', () => {
  it('takes symbols in and out, and keeps the others in their places', () => {
    const selection = new Selection(['A', 'B', 'C'])
    selection.toggle('B')
    expect(selection.symbols).toEqual(['A', 'C'])
    expect(selection.seriesOf('C')).toBe(2)
    selection.toggle('D')
    expect(selection.seriesOf('D')).toBe(1)
  })

  it('lets the one go that was chosen longest ago where there is no room', () => {
    const selection = new Selection(['A', 'B', 'C', 'D'])
    selection.toggle('E')
    expect(selection.symbols).toEqual(['E', 'B', 'C', 'D'])
    expect(selection.seriesOf('A')).toBeUndefined()
  })

  it('keeps the last one', () => {
    const selection = new Selection(['A'])
    selection.toggle('A')
    expect(selection.symbols).toEqual(['A'])
  })

  it('tells who listens of every change', () => {
    const selection = new Selection(['A'])
    const seen: string[] = []
    selection.onChange(() => seen.push(selection.symbols.join()))
    selection.toggle('B')
    selection.toggle('A')
    expect(seen).toEqual(['A,B', 'B'])
  })
})
