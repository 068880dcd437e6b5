import { Test, type TestingModule } from '@nestjs/testing'
import { SseModule } from '@sse/nest'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Notices } from '../notices/notices.service.ts'
import { LOOK_EVERY, PresenceService, type Presences } from './presence.service.ts'

describe('PresenceService', () => {
  let module: TestingModule
  let presence: PresenceService

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const providers = [Notices, PresenceService]
    module = await Test.createTestingModule({ imports: [SseModule.forRoot()], providers }).compile()
    presence = module.get(PresenceService)
  })

  afterEach(async () => {
    vi.useRealTimers()
    await module.close()
  })

  it('tells at once, and then what has changed, and nothing else', async () => {
    const told: Presences[] = []
    const subscription = presence.changes.subscribe((presences) => told.push(presences))
    expect(told).toHaveLength(1)
    vi.advanceTimersByTime(10 * LOOK_EVERY)
    expect(told).toHaveLength(1)
    await module.get(Notices).send({ kind: 'deploy', title: 'x', text: '' }, 'chen')
    vi.advanceTimersByTime(10 * LOOK_EVERY)
    expect(told).toHaveLength(2)
    expect(told[1]?.people.filter(({ unread }) => unread > 0)).toEqual([{ user: 'chen', unread: 1, tabs: [] }])
    subscription.unsubscribe()
  })

  it('looks once for all, and not at all for nobody', () => {
    const before = vi.getTimerCount()
    const subscriptions = [presence.changes.subscribe(), presence.changes.subscribe()]
    expect(vi.getTimerCount()).toBe(before + 1)
    for (const subscription of subscriptions) subscription.unsubscribe()
    expect(vi.getTimerCount()).toBe(before)
  })
})
