import { describe, expect, it } from 'vitest'
import type { Notice } from './notice.ts'
import { CAPACITY, Pigeonhole } from './pigeonhole.ts'

function notice(id: string): Notice {
  return { id, kind: 'deploy', title: id, text: '', toAll: false, at: 0, isRead: false }
}

describe('Pigeonhole', () => {
  it('keeps the newest, and no more than it holds', () => {
    const pigeonhole = new Pigeonhole()
    for (let n = 0; n < CAPACITY + 3; n++) pigeonhole.put(notice(String(n)))
    expect(pigeonhole.notices.map(({ id }) => id)).toEqual(Array.from({ length: CAPACITY }, (_, n) => String(n + 3)))
    expect(pigeonhole.has('2')).toBe(false)
    expect(pigeonhole.has('3')).toBe(true)
  })

  it('tells what was not read before', () => {
    const pigeonhole = new Pigeonhole()
    for (const id of ['a', 'b', 'c']) pigeonhole.put(notice(id))
    expect(pigeonhole.read('b')).toEqual(['b'])
    expect(pigeonhole.read('b')).toEqual([])
    expect(pigeonhole.read('z')).toEqual([])
    expect(pigeonhole.unread).toBe(2)
    expect(pigeonhole.read('all')).toEqual(['a', 'c'])
    expect(pigeonhole.unread).toBe(0)
  })

  it('leaves what it has given out as it was', () => {
    const pigeonhole = new Pigeonhole()
    pigeonhole.put(notice('a'))
    const before = pigeonhole.notices
    pigeonhole.read('all')
    expect(before).toEqual([notice('a')])
  })
})
