import { describe, expect, it } from 'vitest'
import { createHub } from './hub.ts'
import { assertLag, hubSettings } from './options.ts'

const MIB = 1024 * 1024

describe('hubSettings', () => {
  it('has the defaults that are documented', () => {
    expect(hubSettings()).toMatchObject({
      ring: { maxEvents: 10_000, maxBytes: 16 * MIB, maxAge: Number.POSITIVE_INFINITY },
      heartbeat: 15_000,
      checkpoints: true,
      stallTimeout: 30_000,
      lag: 'disconnect',
      limits: {
        connections: Number.POSITIVE_INFINITY,
        perPrincipal: Number.POSITIVE_INFINITY,
        perAddress: Number.POSITIVE_INFINITY,
        eventBytes: MIB,
      },
      serialize: JSON.stringify,
      deserialize: JSON.parse,
      onClose: undefined,
    })
  })

  it('draws the time to reconnect from 2 to 5 seconds, for each client anew', () => {
    const drawn = draws(hubSettings().retry)
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(2_000)
    expect(Math.max(...drawn)).toBeLessThanOrEqual(5_000)
    expect(new Set(drawn).size).toBeGreaterThan(100)
  })

  it('draws it from what it is told, both ends included, or takes it as it is', () => {
    expect(new Set(draws(hubSettings({ retry: { min: 5, max: 7 } }).retry))).toEqual(new Set([5, 6, 7]))
    expect(new Set(draws(hubSettings({ retry: 0 }).retry))).toEqual(new Set([0]))
  })

  it('takes every option at its limits', () => {
    const ring = { maxEvents: 1, maxBytes: 1_024, maxAge: 1 }
    const limits = { connections: 0, perPrincipal: 0, perAddress: 0, eventBytes: 1_024 }
    expect(hubSettings({ ring, limits, heartbeat: 1, stallTimeout: 1 })).toMatchObject({ ring, limits, heartbeat: 1 })
    expect(hubSettings({ heartbeat: false, retry: 2_147_483_647 })).toMatchObject({ heartbeat: false })
  })

  it('allows no longer event than the ring can hold', () => {
    expect(hubSettings({ ring: { maxBytes: 5_000 } }).limits.eventBytes).toBe(5_000)
  })

  const noNumbers = [-1, 0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, {}]
  const refused: [option: string, limit: string, values: readonly unknown[], of: (value: unknown) => object][] = [
    ['ring.maxEvents', 'from 1 to 10000000', [...noNumbers, 10_000_001], (maxEvents) => ({ ring: { maxEvents } })],
    ['ring.maxBytes', 'from 1024 to', [...noNumbers, 1_023], (maxBytes) => ({ ring: { maxBytes } })],
    ['ring.maxAge', 'from 1 to', noNumbers, (maxAge) => ({ ring: { maxAge } })],
    ['heartbeat', 'from 1 to 2147483647', [...noNumbers, 2 ** 31, true], (heartbeat) => ({ heartbeat })],
    ['stallTimeout', 'from 1 to 2147483647', [...noNumbers, 2 ** 31], (stallTimeout) => ({ stallTimeout })],
    ['checkpoints', 'true or false', [0, 'yes', null], (checkpoints) => ({ checkpoints })],
    ['lag', "'disconnect', 'skip' or 'conflate'", ['drop', '', null, 5], (lag) => ({ lag })],
    ['ring', 'an object', [null, 5, 'big'], (ring) => ({ ring })],
    ['limits', 'an object', [null, 5, 'none'], (limits) => ({ limits })],
    ['log', 'must be a log', [null, 5, 'redis://localhost', {}], (log) => ({ log })],
    [
      'limits.perprincipal',
      'there are connections, perPrincipal',
      [3],
      (perprincipal) => ({ limits: { perprincipal } }),
    ],
    ['ring.events', 'there are maxEvents, maxBytes, maxAge', [3], (events) => ({ ring: { events } })],
    ['retry', 'an object', [null, 'soon'], (retry) => ({ retry })],
    ['retry', 'from 0 to 2147483647', [-1, 1.5, Number.NaN, 2 ** 31], (retry) => ({ retry })],
    [
      'retry.min',
      'from 0 to 2147483647',
      [-1, 1.5, 2 ** 31, '5', undefined],
      (min) => ({ retry: { min, max: 2 ** 31 - 1 } }),
    ],
    ['retry.max', 'from 5 to 2147483647', [4, 5.5, 2 ** 31, undefined], (max) => ({ retry: { min: 5, max } })],
    ['limits.connections', 'from 0 to', [-1, 1.5, '5', null], (connections) => ({ limits: { connections } })],
    ['limits.perPrincipal', 'from 0 to', [-1, 1.5, '5', null], (perPrincipal) => ({ limits: { perPrincipal } })],
    ['limits.perAddress', 'from 0 to', [-1, 1.5, '5', null], (perAddress) => ({ limits: { perAddress } })],
    [
      'limits.eventBytes',
      'from 1 to 2000',
      [...noNumbers, 2_001],
      (eventBytes) => ({ limits: { eventBytes }, ring: { maxBytes: 2_000 } }),
    ],
    ['serialize', 'a function', [null, 'x', {}], (serialize) => ({ serialize })],
    ['deserialize', 'a function', [null, 'x', {}], (deserialize) => ({ deserialize })],
    ['onError', 'a function', [null, 'x', {}], (onError) => ({ onError })],
    ['onClose', 'a function', [null, 'x', {}], (onClose) => ({ onClose })],
  ]
  for (const [option, limit, values, of] of refused) {
    it(`refuses a \`${option}\` that is out of range when the hub is made, naming it and its limits`, () => {
      for (const value of values) {
        const error = expect.objectContaining({
          name: 'SseError',
          code: 'SSE_INVALID_FIELD',
          message: expect.stringMatching(new RegExp(`\`${option.replace('.', '\\.')}\`.*${limit}`)),
        })
        expect(() => createHub(of(value) as object), String(value)).toThrow(error)
      }
    })
  }
})

describe('assertLag', () => {
  it('knows the three', () => {
    for (const lag of ['disconnect', 'skip', 'conflate']) expect(() => assertLag(lag)).not.toThrow()
  })
})

function draws(retry: () => number): number[] {
  return Array.from({ length: 1_000 }, () => retry())
}
