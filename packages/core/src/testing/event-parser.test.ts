import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventParser, type ReceivedEvent } from './event-parser.ts'

describe('EventParser', () => {
  it('agrees with eventsource-parser about any stream, however it is cut', () => {
    const piece = fc.constantFrom(...PIECES)
    const streams = fc.array(fc.oneof({ weight: 8, arbitrary: piece }, fc.string({ maxLength: 4 })), {
      maxLength: 60,
      size: 'max',
    })
    let dispatched = 0
    fc.assert(
      fc.property(streams, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (pieces, sizes) => {
        const stream = pieces.join('')
        const ours = readWithOurs(stream, sizes)
        expect(ours).toEqual(readWithTheirs(stream, sizes))
        dispatched += ours.events.length
      }),
      { numRuns: 2_000 },
    )
    expect(dispatched).toBeGreaterThan(1_000)
  })

  it('reads the examples of the standard', () => {
    expect(
      read(': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n'),
    ).toEqual([
      { event: 'message', data: 'first event', id: '1' },
      { event: 'message', data: 'second event', id: '' },
      { event: 'message', data: ' third event', id: '' },
    ])
    expect(read('data\n\ndata\ndata\n\ndata:')).toEqual([
      { event: 'message', data: '', id: '' },
      { event: 'message', data: '\n', id: '' },
    ])
    expect(read('data:test\n\ndata: test\n\n').map(({ data }) => data)).toEqual(['test', 'test'])
  })

  it('commits an id with the blank line, also without data', () => {
    const parser = new EventParser({ lastEventId: 'before' })
    expect([...parser.push('id: 1\n')]).toEqual([])
    expect(parser.lastEventId).toBe('before')
    expect([...parser.push('\n')]).toEqual([])
    expect(parser.lastEventId).toBe('1')
    expect([...parser.push('data: a\n\nid: 2\ndata: b')]).toEqual([{ event: 'message', data: 'a', id: '1' }])
    expect(parser.lastEventId).toBe('1')
  })

  it('takes an empty chunk between CR and LF for nothing', () => {
    const parser = new EventParser()
    expect(['data: a\r', '', '\ndata: b\r', '', '\n\r'].flatMap((text) => [...parser.push(text)])).toMatchObject([
      { data: 'a\nb' },
    ])
  })

  it('tells the retry of the block on the event, and the last one of the stream', () => {
    const parser = new EventParser()
    expect([...parser.push('retry: 5\n\nretry: 6\ndata: a\n\ndata: b\nretry: -1\nretry: 1e3\nretry: \n\n')]).toEqual([
      { event: 'message', data: 'a', id: '', retry: 6 },
      { event: 'message', data: 'b', id: '' },
    ])
    expect(parser.retry).toBe(6)
  })

  it('forgets the name of a block without data', () => {
    expect(read('event: a\n\ndata: b\n\n')).toEqual([{ event: 'message', data: 'b', id: '' }])
  })

  it('looks at nothing behind an event before the next one is asked for', () => {
    const parser = new EventParser()
    const events = parser.push('id: 1\ndata: a\n\nid: 2\ndata: b\n\n')
    expect(events.next().value).toMatchObject({ data: 'a' })
    expect(parser.lastEventId).toBe('1')
    expect(events.next().value).toMatchObject({ data: 'b' })
    expect(parser.lastEventId).toBe('2')
  })

  it('takes a line in a hundred thousand pieces without beginning again each time', () => {
    const parser = new EventParser()
    const start = performance.now()
    for (const text of ['data: ', ...Array<string>(100_000).fill('0123456789'), '\n'])
      for (const _ of parser.push(text)) expect.fail()
    const [event] = parser.push('\n')
    expect(event?.data).toHaveLength(1_000_000)
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})

const PIECES = [
  ...[
    '\n',
    '\n',
    '\n\n',
    '\r',
    '\r\n',
    '\r\n\r\n',
    ':',
    ' ',
    'data',
    'data:',
    'data: ',
    'data: a',
    'event: e',
    'event:',
    'event',
  ],
  ...[
    'id: 1',
    'id: 2',
    'id:',
    'id',
    'id: \0',
    'retry: 7',
    'retry: 7a',
    'retry:',
    ': note',
    ':note',
    'Data: a',
    'unknown: x',
  ],
  ...['é', '€', '😀', '\ufeff', '\u2028', '\u0085', '\v', 'data: a\n\n', 'id: 3\n\n', 'event: f\ndata: b\n\n'],
]

interface Reading {
  events: ReceivedEvent[]
  comments: string[]
  lastEventId: string
  retry: number | undefined
}

function read(stream: string): ReceivedEvent[] {
  return [...new EventParser().push(stream)]
}

function readWithOurs(stream: string, sizes: readonly number[]): Reading {
  const comments: string[] = []
  const parser = new EventParser({ onComment: (text) => comments.push(text) })
  const events: ReceivedEvent[] = []
  for (const text of textsOf(stream, sizes)) for (const { retry: _, ...event } of parser.push(text)) events.push(event)
  return { events, comments, lastEventId: parser.lastEventId, retry: parser.retry }
}

/** Their events tell an id only where the block has one, and their BOM is ours to leave to them: ours comes decoded. */
function readWithTheirs(stream: string, sizes: readonly number[]): Reading {
  const reading: Reading = { events: [], comments: [], lastEventId: '', retry: undefined }
  const parser = createParser({
    onId: (id) => {
      reading.lastEventId = id
    },
    onEvent: ({ event = 'message', data }) => reading.events.push({ event, data, id: reading.lastEventId }),
    onRetry: (retry) => {
      reading.retry = retry
    },
    onComment: (comment) => reading.comments.push(comment),
  })
  parser.feed(' \n')
  for (const text of textsOf(stream, sizes)) parser.feed(text)
  return reading
}

/** A stream as a decoder gives it that is fed so many bytes at a time. */
function textsOf(stream: string, sizes: readonly number[]): string[] {
  const bytes = new TextEncoder().encode(stream)
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const texts: string[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const end = at + (sizes[turn % sizes.length] ?? 1)
    texts.push(decoder.decode(bytes.subarray(at, end), { stream: true }))
    at = end
  }
  return texts
}
