import { createParser, type EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Frame, FrameStore, joinFrames } from './frame.ts'
import type { LogRecord } from './log.ts'

const SLAB = 256 * 1024

/** Texts of all kinds, with those parts often that a frame is made of. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\r',
        '\n',
        '\r\n',
        '\n\n',
        'data: ',
        '\ndata: ',
        'id: ',
        '\nid: 1\n\n',
        ':',
        ' ',
        '\uFEFF',
        '\u2028',
        '\u0085',
        '\0',
      ),
    ),
  )
  .map((parts) => parts.join(''))
  .filter((whole) => whole.isWellFormed())

describe('Frame', () => {
  it('gives its data back exactly as it was published', () => {
    fc.assert(
      fc.property(text, fc.constantFrom('message', 'price', 'data: ', 'id: 9'), fc.boolean(), (data, event, raw) => {
        const frame = new FrameStore().encode(1, 0, { ...record(data), event, raw }, 'e.1')
        expect(frame.data).toBe(data)
        expect(frame).toMatchObject({ event, raw, topic: 't', position: '1', seq: 1, key: undefined })
      }),
      { numRuns: 1_000 },
    )
  })

  it('[E1] [E5] is that one event to a client', () => {
    fc.assert(
      fc.property(text, fc.constantFrom('message', 'price'), (data, event) => {
        const frame = new FrameStore().encode(1, 0, { ...record(data), event }, 'e.1')
        const events: EventSourceMessage[] = []
        createParser({ onEvent: (each) => events.push(each) }).feed(textOf(frame))
        expect(events).toEqual([
          { event: event === 'message' ? undefined : event, data: data.replaceAll(/\r\n|\r/g, '\n'), id: 'e.1' },
        ])
      }),
      { numRuns: 1_000 },
    )
  })

  it('is its event, data and id, and no line more', () => {
    const store = new FrameStore()
    expect(textOf(store.encode(1, 0, { ...record('a\nb'), event: 'price', key: 'k' }, 'e.7'))).toBe(
      'event: price\ndata: a\ndata: b\nid: e.7\n\n',
    )
    expect(textOf(store.encode(2, 0, record(''), 'e.8'))).toBe('data: \nid: e.8\n\n')
  })

  it('cannot be read when its bytes have been given back', () => {
    const store = new FrameStore()
    const frame = store.encode(1, 0, record('a'), 'e.1')
    store.release(frame)
    expect(() => frame.copyTo(new Uint8Array(100), 0)).toThrow(/after its eviction/)
    expect(() => frame.data).toThrow(/after its eviction/)
  })

  it('lets go of what it holds on to', () => {
    const store = new FrameStore()
    const frame = store.encode(1, 0, record('a'), 'e.1')
    frame.newer = frame
    frame.hubEvent = { topic: 't', event: 'message', data: 'a', id: 'e.1' }
    store.release(frame)
    expect(frame).toMatchObject({ newer: undefined, hubEvent: undefined })
  })
})

describe('FrameStore', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })

  it('keeps the bytes of every frame apart, whatever comes and goes', () => {
    const size = fc.oneof(fc.nat(100), fc.integer({ min: 20_000, max: 70_000 }))
    fc.assert(
      fc.property(fc.array(fc.record({ size, releases: fc.nat(3) }), { maxLength: 80 }), (steps) => {
        const store = new FrameStore()
        const kept: { frame: Frame; data: string }[] = []
        for (const [i, { size, releases }] of steps.entries()) {
          const data = `${i},${String.fromCharCode(97 + (i % 26)).repeat(size)}`
          kept.push({ frame: store.encode(i, 0, record(data), `e.${i}`), data })
          for (const { frame } of kept.splice(0, releases)) store.release(frame)
          for (const [j, { frame, data }] of kept.entries()) expect([j, frame.data === data]).toEqual([j, true])
        }
      }),
      { numRuns: 40 },
    )
  })

  it('uses no slab again in which there is a frame', () => {
    for (let released = 0; released <= 8; released++) {
      const store = new FrameStore()
      const encode = (i: number): { frame: Frame; data: string } => {
        const data = String.fromCharCode(97 + i).repeat(60_000)
        return { frame: store.encode(i, 0, record(data), `e.${i}`), data }
      }
      const kept = Array.from({ length: 8 }, (_, i) => encode(i))
      for (const { frame } of kept.splice(0, released)) store.release(frame)
      for (let i = 8; i < 24; i++) kept.push(encode(i))
      for (const { frame, data } of kept)
        expect([released, frame.seq, frame.data === data]).toEqual([released, frame.seq, true])
    }
  })

  it('uses its slabs again: a history that moves on takes no more memory', () => {
    const store = new FrameStore()
    const slabs = countSlabs()
    const kept: Frame[] = []
    const turnOver = (frames: number): void => {
      for (let i = 0; i < frames; i++) {
        kept.push(store.encode(i, 0, record('x'.repeat(1_000)), `e.${i}`))
        if (kept.length > 500) for (const frame of kept.splice(0, 1)) store.release(frame)
      }
    }
    turnOver(2_000)
    const before = slabs.count
    const alone = vi.spyOn(TextEncoder.prototype, 'encode')
    turnOver(20_000)
    expect(before).toBeLessThanOrEqual(6)
    expect(slabs.count).toBe(before)
    expect(alone).not.toHaveBeenCalled()
  })

  it('uses a slab again of which all frames went while it was in use', () => {
    const store = new FrameStore()
    const slabs = countSlabs()
    const alone = vi.spyOn(TextEncoder.prototype, 'encode')
    for (let i = 0; i < 5_000; i++) store.release(store.encode(i, 0, record('x'.repeat(1_000)), `e.${i}`))
    expect(slabs.count).toBeLessThanOrEqual(2)
    for (let i = 0; i < 600; i++) store.encode(i, 0, record('x'.repeat(1_000)), `e.${i}`)
    expect(slabs.count).toBeLessThanOrEqual(4)
    expect(alone).not.toHaveBeenCalled()
  })

  it('lets go of slabs that a smaller history does not need', () => {
    const store = new FrameStore()
    const slabs = countSlabs()
    const fill = (): Frame[] =>
      Array.from({ length: 4_000 }, (_, i) => store.encode(i, 0, record('x'.repeat(1_000)), 'e.1'))
    const release = (frames: Frame[]): void => {
      for (const frame of frames) store.release(frame)
    }
    release(fill())
    const first = slabs.count
    release(fill())
    expect(first).toBeGreaterThanOrEqual(16)
    expect(slabs.count - first).toBeGreaterThanOrEqual(first - 4)
  })

  it('encodes a long frame into bytes of its own, also where only its bytes are long', () => {
    const store = new FrameStore()
    const slabs = countSlabs()
    for (const data of ['x'.repeat(70_000), 'x'.repeat(400_000), '\u20ac'.repeat(22_000), '\n'.repeat(60_000)]) {
      expect(store.encode(1, 0, record(data), 'e.1').data).toBe(data)
    }
    expect(slabs.count).toBe(0)
  })
})

describe('joinFrames', () => {
  it('joins frames in order, and counts them', () => {
    const store = new FrameStore()
    const frames = ['a', 'b\nc', '\u20ac'].map((data, i) => store.encode(i, 0, record(data), `e.${i}`))
    const chunk = joinFrames(frames)
    expect(new TextDecoder().decode(chunk.bytes)).toBe(frames.map(textOf).join(''))
    expect(chunk.events).toBe(3)
  })

  it('holds its own bytes: what is evicted after is in it still', () => {
    const store = new FrameStore()
    const frame = store.encode(1, 0, record('a'), 'e.1')
    const chunk = joinFrames([frame])
    store.release(frame)
    store.encode(2, 0, record('b'), 'e.2')
    expect(new TextDecoder().decode(chunk.bytes)).toBe('data: a\nid: e.1\n\n')
  })
})

function record(data: string): LogRecord {
  return { position: '1', topic: 't', event: 'message', data, raw: true }
}

function textOf(frame: Frame): string {
  const bytes = new Uint8Array(frame.length)
  frame.copyTo(bytes, 0)
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

/** Counts the slabs that are allocated from now on. */
function countSlabs(): { count: number } {
  const slabs = { count: 0 }
  const counting = new Proxy(Uint8Array, {
    construct(target, args, newTarget) {
      if (args[0] === SLAB) slabs.count++
      return Reflect.construct(target, args, newTarget)
    },
  })
  vi.stubGlobal('Uint8Array', counting)
  return slabs
}
