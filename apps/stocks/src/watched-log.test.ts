import { memoryLog } from '@sse/core'
import { logContract } from '@sse/core/testing'
import { describe, expect, it } from 'vitest'
import { watchedLog } from './watched-log.ts'

describe('watchedLog', () => {
  for (const { name, run } of logContract({ create: () => watchedLog(memoryLog(), () => {}) })) it(name, run)

  it('shows every event before whoever follows has it', async () => {
    const order: string[] = []
    const log = watchedLog(memoryLog(), ({ data }) => order.push(`watched ${data}`))
    const follower = { attach() {}, detach() {}, records: () => void order.push('followed') }
    const stop = log.follow(follower, { maxEvents: 10, maxBytes: 1_000 })
    await log.append({ topic: 'ticks', event: 'tick', data: '1', raw: false })
    await expect.poll(() => order).toEqual(['watched 1', 'followed'])
    await stop()
  })

  it('knows which epoch is later where the log does', () => {
    const log = { ...memoryLog(), isLaterEpoch: (text: string, epoch: string) => text > epoch }
    expect(watchedLog(log, () => {}).isLaterEpoch('b', 'a')).toBe(true)
    expect(watchedLog(memoryLog(), () => {}).isLaterEpoch('b', 'a')).toBe(false)
  })
})
