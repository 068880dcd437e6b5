import { createHub, type Hub } from '@sse/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NewsEvents } from './events.ts'
import { createNewsroom } from './newsroom.ts'
import { type Press, publishArchive, publishStory, startPress } from './press.ts'

let hub: Hub<NewsEvents>
let press: Press

beforeEach(() => {
  hub = createHub<NewsEvents>()
  press = { hub, newsroom: createNewsroom({ seed: 1 }) }
})
afterEach(async () => {
  await hub.close()
})

describe('publishStory', () => {
  it('publishes to the topic of the section, or of the desk beneath it', async () => {
    await publishStory(press, 1_000, 'science')
    const space = await publishStory(press, 2_000, 'science/space')
    const topics: string[] = []
    for await (const { topic, event, data } of hub.subscribe('news/**', { replay: 'all' })) {
      topics.push(topic)
      expect(event).toBe('story')
      if (topics.length === 2) {
        expect(data).toEqual(space)
        break
      }
    }
    expect(topics).toEqual(['news/science', 'news/science/space'])
  })
})

describe('publishArchive', () => {
  it('leaves twenty stories or more for the front page, oldest first and all of the past', async () => {
    const now = 1_000_000_000
    await publishArchive(press, now)
    const moments: number[] = []
    for await (const { data } of hub.subscribe('news/*', { replay: 20 })) {
      moments.push(data.at)
      if (moments.length === 20) break
    }
    expect(moments).toEqual(moments.toSorted((a, b) => a - b))
    expect(moments.at(-1)).toBeLessThan(now)
    expect(hub.stats().published).toBeGreaterThan(200)
  })
})

describe('startPress', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('publishes a story every four seconds until it is stopped', () => {
    const stop = startPress(press)
    vi.advanceTimersByTime(12_000)
    const { newest } = press.newsroom
    expect(newest).toBe(Date.now())
    expect(hub.stats().published).toBe(3)
    stop()
    vi.advanceTimersByTime(12_000)
    expect(press.newsroom.newest).toBe(newest)
  })
})
