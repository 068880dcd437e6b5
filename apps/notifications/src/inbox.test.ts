import { describe, expect, it } from 'vitest'
import { Inbox } from '../public/inbox.js'
import type { Notice } from './notices/notice.ts'
import { CAPACITY } from './notices/pigeonhole.ts'

function notice(id: string): Notice {
  return { id, kind: 'deploy', title: id, text: '', toAll: false, at: 0, isRead: false }
}

describe('Inbox', () => {
  it('takes what a snapshot had already for what it is: nothing new', () => {
    const inbox = new Inbox()
    inbox.replace([notice('a'), { ...notice('b'), isRead: true }])
    expect(inbox.put(notice('b'))).toBe(false)
    expect(inbox.put(notice('c'))).toBe(true)
    expect(inbox.notices.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    expect(inbox).toMatchObject({ unread: 2, received: 1 })
  })

  it('marks as read what it has, and forgets what a snapshot does not have', () => {
    const inbox = new Inbox()
    inbox.replace([notice('a'), notice('b')])
    inbox.read(['a', 'z'])
    inbox.read(['a'])
    expect(inbox.unread).toBe(1)
    inbox.replace([notice('c')])
    expect(inbox.notices).toEqual([notice('c')])
  })

  it('drops the oldest when the server does', () => {
    const inbox = new Inbox()
    for (let n = 0; n <= CAPACITY; n++) inbox.put(notice(String(n)))
    expect(inbox.notices).toHaveLength(CAPACITY)
    expect(inbox.notices[0]?.id).toBe('1')
  })
})
