import { describe, expect, it } from 'vitest'
import { peerNames } from '../peers/registry.ts'
import { preflight } from './preflight.ts'

describe('preflight', () => {
  it.each(peerNames)('finds that %s delivers every event once', async (peer) => {
    expect(await preflight(peer)).toBeUndefined()
  })
})
