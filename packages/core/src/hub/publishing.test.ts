import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { turns } from '../../test/stream-client.ts'
import { Publishing } from './publishing.ts'

describe('Publishing', () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  const unheard: unknown[] = []

  beforeEach(() => {
    unhandled.length = unheard.length = 0
    process.on('unhandledRejection', note)
  })

  afterEach(async () => {
    await turns()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  const error = new Error('no')
  const rejected = (): Publishing => Publishing.of(Promise.reject(error), (reason) => unheard.push(reason))

  it('resolves with the id', async () => {
    const publishing = Publishing.of(Promise.resolve('e.1'), (reason) => unheard.push(reason))
    expect(await publishing).toBe('e.1')
    expect(publishing).toBeInstanceOf(Promise)
    await turns()
    expect(unheard).toEqual([])
  })

  it('gives a rejection that nobody asked for to the one who is there for it, once', async () => {
    void rejected()
    await turns()
    expect(unheard).toEqual([error])
  })

  const ways: [way: string, ask: (publishing: Promise<string>) => Promise<unknown>][] = [
    ['await', async (publishing) => await publishing],
    ['then', (publishing) => publishing.then(() => {})],
    ['then with both', (publishing) => publishing.then(undefined, (reason) => Promise.reject(reason))],
    ['catch', (publishing) => publishing.catch((reason) => Promise.reject(reason))],
    ['finally', (publishing) => publishing.finally(() => {})],
    ['Promise.all', (publishing) => Promise.all([publishing])],
    ['Promise.race', (publishing) => Promise.race([publishing])],
    ['an async function that returns it', (publishing) => (async () => publishing)()],
  ]
  for (const [way, ask] of ways) {
    it(`gives it to who asks by ${way} alone`, async () => {
      await expect(ask(rejected())).rejects.toBe(error)
      await turns()
      expect(unheard).toEqual([])
    })
  }

  it('is heard by who asks in the same turn for all of many', async () => {
    const all = await Promise.allSettled(Array.from({ length: 10 }, rejected))
    expect(all.every(({ status }) => status === 'rejected')).toBe(true)
    expect(unheard).toEqual([])
  })

  it("makes ordinary promises, which are nobody else's", () => {
    const then = rejected().catch(() => {})
    expect(then).not.toBeInstanceOf(Publishing)
  })
})
