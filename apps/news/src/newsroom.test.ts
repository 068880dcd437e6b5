import { describe, expect, it } from 'vitest'
import { createNewsroom } from './newsroom.ts'
import { desks } from './phrases.ts'

describe('createNewsroom', () => {
  const write = (seed: number, count: number) => {
    const newsroom = createNewsroom({ seed })
    return Array.from({ length: count }, (_, i) => newsroom.write(i * 1_000))
  }

  it('writes the same stories from the same seed', () => {
    expect(write(7, 100)).toEqual(write(7, 100))
    expect(write(7, 100)).not.toEqual(write(8, 100))
  })

  it('fills every slot, and writes what fits a front page', () => {
    for (const { headline, standfirst, author } of write(1, 2_000)) {
      expect(headline + standfirst + author).not.toMatch(/[{}|]|undefined/)
      expect(headline).toMatch(/^[A-Z].{19,99}$/)
      expect(standfirst).toMatch(/^[A-Z0-9“].{29,159}[.”]$/)
      expect(author).toMatch(/^\S+ \S+$/)
    }
  })

  it('hears from every desk, and more often from the sections than from the desks beneath them', () => {
    const count = new Map<string, number>()
    for (const { desk } of write(1, 1_200)) count.set(desk, (count.get(desk) ?? 0) + 1)
    expect([...count.keys()].toSorted()).toEqual(Object.keys(desks).toSorted())
    expect(count.get('world')).toBeGreaterThan(count.get('science/space') ?? Number.POSITIVE_INFINITY)
  })

  it('does not repeat a headline within 150 stories', () => {
    const headlines = write(1, 3_000).map(({ headline }) => headline)
    for (const [index, headline] of headlines.entries()) {
      expect(headlines.slice(Math.max(0, index - 150), index)).not.toContain(headline)
    }
  })

  it('writes for the desk that was asked, also when it has told everything', () => {
    const newsroom = createNewsroom({ seed: 1 })
    const written = Array.from({ length: 500 }, () => newsroom.write(0, 'culture/books').desk)
    expect(new Set(written)).toEqual(new Set(['culture/books']))
  })

  it('files no two stories at the same moment, nor one before another', () => {
    const newsroom = createNewsroom({ seed: 1 })
    expect(newsroom.newest).toBe(0)
    expect([5_000, 5_000, 4_000, 6_000].map((at) => newsroom.write(at).at)).toEqual([5_000, 5_001, 5_002, 6_000])
    expect(newsroom.newest).toBe(6_000)
  })
})
