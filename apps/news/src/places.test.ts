import { describe, expect, it } from 'vitest'
import { Places, type Received } from '../public/places.js'

function story(n: number): Received {
  return { id: `e.${n}`, desk: 'world', headline: `${n}`, standfirst: '', author: '', at: n }
}

describe('Places', () => {
  it('keeps an id and the stories of each filter apart', () => {
    const places = new Places()
    places.add('front', story(1))
    places.add('sport', story(2))
    places.add('front', story(3))
    expect(places.of('front')).toEqual({ id: 'e.3', stories: [story(1), story(3)] })
    expect(places.of('sport')).toEqual({ id: 'e.2', stories: [story(2)] })
    expect(places.of('world')).toEqual({ id: '', stories: [] })
  })

  it('knows what has been read with any of them, and what is the newest', () => {
    const places = new Places()
    expect(places.newest).toBe(0)
    places.add('sport', story(2))
    places.add('front', story(1))
    expect(places.hasRead('e.2')).toBe(true)
    expect(places.hasRead('e.3')).toBe(false)
    expect(places.newest).toBe(2)
  })

  it('goes on from an id with nothing read', () => {
    const places = new Places()
    places.add('front', story(1))
    places.restart('front', 'f.7')
    expect(places.of('front')).toEqual({ id: 'f.7', stories: [] })
  })

  it('is bounded: a hundred stories each, of the twelve filters used last', () => {
    const places = new Places()
    for (let n = 1; n <= 150; n++) places.add('front', story(n))
    expect(places.of('front').stories.map(({ at }) => at)).toEqual(Array.from({ length: 100 }, (_, i) => i + 51))
    for (let n = 1; n <= 11; n++) places.add(`other-${n}`, story(n))
    expect(places.of('front').id).toBe('e.150')
    places.add('other-12', story(12))
    expect(places.of('other-1').id).toBe('')
    expect(places.of('front').id).toBe('e.150')
    expect(places.toJSON()).toHaveLength(12)
  })

  it('is the same after JSON', () => {
    const places = new Places()
    places.add('front', story(1))
    places.add('sport', story(2))
    expect(new Places(JSON.parse(JSON.stringify(places)))).toEqual(places)
    expect(new Places(JSON.parse(JSON.stringify(places))).of('sport')).toEqual(places.of('sport'))
  })
})
