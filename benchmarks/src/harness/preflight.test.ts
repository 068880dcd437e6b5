import { describe, expect, it } from 'vitest'
import { engineOf, subjectNames } from '../engines/registry.ts'
import { peerNames } from '../peers/registry.ts'
import { whyMissing } from './engine.ts'
import { preflight } from './preflight.ts'

describe('preflight', () => {
  it.each(peerNames)('finds that %s delivers every event once', async (peer) => {
    expect(await preflight(peer)).toBeUndefined()
  })

  it.for(subjectNames)('finds that what was published by %s is read once', async (subject, context) => {
    const missing = whyMissing(engineOf(subject))
    if (missing !== undefined) context.skip(missing)
    expect(await preflight(subject)).toBeUndefined()
  })
})
