import { createParser, type EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commentLines, dataLines, encodeEvent, serializeData } from './encode.ts'
import { SseError } from './error.ts'
import type { SseEvent } from './event.ts'

describe('encodeEvent', () => {
  it('writes the fields in one order, then a blank line', () => {
    const event: SseEvent = { retry: 1, id: 'i', data: 'd', event: 'e', comment: 'c' }
    expect(encodeEvent(event)).toBe(': c\nevent: e\ndata: d\nid: i\nretry: 1\n\n')
  })

  it('[E1] [E2] [E3] [E4] [E5] [E6] throws, or is exactly that event to a client that reads 1 to 7 bytes at a time', () => {
    const seen = { carried: 0, refused: 0 }
    fc.assert(
      fc.property(anyEvent(), chunkSizes(), (event, sizes) => {
        const encoded = attempt(event)
        seen[encoded === undefined ? 'refused' : 'carried']++
        expect(encoded !== undefined).toBe(isCarriable(event))
        if (encoded === undefined) return
        expect(receive(`${encoded}data: probe\n\n`, sizes)).toEqual(asReceived(event))
      }),
      { numRuns: 5_000 },
    )
    expect(seen.carried).toBeGreaterThan(500)
    expect(seen.refused).toBeGreaterThan(500)
  })

  it('[E1] splits data at CR LF, LF and a lone CR', () => {
    expect(encodeEvent({ data: 'a\r\nb\nc\rd\n\re' })).toBe('data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\n\n')
  })

  it('[E1] lets no lone CR forge an event', () => {
    const { events } = receive(
      encodeEvent({ data: 'a\r\rdata: forged\r\revent: forged', comment: 'b\r\rdata: forged\r\r' }),
      [7],
    )
    expect(events).toEqual([{ id: undefined, event: undefined, data: 'a\n\ndata: forged\n\nevent: forged' }])
  })

  it.each(['\u2028', '\u2029', '\u0085', '\v', '\f', '\0', '\x1c', '\ufeff'])(
    '[E1] does not split data at %j',
    (character) => {
      expect(encodeEvent({ data: `a${character}b` })).toBe(`data: a${character}b\n\n`)
    },
  )

  it.each(['\n', '\r', '\r\n'])('[E2] refuses an event and an id with %j', (lineBreak) => {
    expect(() => encodeEvent({ event: `a${lineBreak}b`, data: '' })).toThrow(invalid('event'))
    expect(() => encodeEvent({ id: `1${lineBreak}2` })).toThrow(invalid('id'))
  })

  it('[E2] refuses an id with a NUL, which may stand in an event name', () => {
    expect(() => encodeEvent({ id: '1\x002' })).toThrow(invalid('id'))
    expect(encodeEvent({ event: 'a\0b', data: '' })).toBe('event: a\0b\ndata: \n\n')
  })

  it('[E3] sends what is present, whether or not it is truthy', () => {
    expect(encodeEvent({ comment: '' })).toBe(': \n\n')
    expect(encodeEvent({ data: '' })).toBe('data: \n\n')
    expect(encodeEvent({ id: '' })).toBe('id: \n\n')
    expect(encodeEvent({ id: '0' })).toBe('id: 0\n\n')
    expect(encodeEvent({ retry: 0 })).toBe('retry: 0\n\n')
    for (const data of [0, false, null]) expect(encodeEvent({ data })).toBe(`data: ${data}\n\n`)
  })

  it('[E4] writes the colon and one space whatever the value begins with', () => {
    const event = { comment: ' c', event: ' e', data: ' d\n  d', id: ' i' }
    expect(encodeEvent(event)).toBe(':  c\nevent:  e\ndata:  d\ndata:   d\nid:  i\n\n')
  })

  it('[E5] keeps a line break at the end as an empty line', () => {
    expect(encodeEvent({ data: 'a\n' })).toBe('data: a\ndata: \n\n')
    expect(encodeEvent({ data: '\n\n' })).toBe('data: \ndata: \ndata: \n\n')
  })

  it('[E5] serializes a list, and does not join it', () => {
    expect(encodeEvent({ data: ['a', 'b'] })).toBe('data: ["a","b"]\n\n')
  })

  it.each([-1, 0.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 5n])(
    '[E6] refuses a retry of %s',
    (retry) => {
      expect(() => encodeEvent(given({ data: '', retry }))).toThrow(invalid('retry'))
    },
  )

  it('[E6] sends a retry up to 2147483647 in digits', () => {
    expect(encodeEvent({ retry: 2_147_483_647 })).toBe('retry: 2147483647\n\n')
    expect(encodeEvent({ retry: -0 })).toBe('retry: 0\n\n')
  })

  it('[E8] gives nothing at all if the serializer throws, and says why', () => {
    const cause = new RangeError('too deep')
    const serialize = (): never => {
      throw cause
    }
    const error = errorOf(() => encodeEvent({ id: '7', data: {} }, serialize))
    expect(error).toMatchObject({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`data`'), cause })
  })

  it('[E10] refuses an event without data, but takes what may stand alone', () => {
    expect(() => encodeEvent({ event: 'e' })).toThrow(invalid('event'))
    expect(() => encodeEvent({ event: 'e', id: '1', retry: 1, comment: 'c' })).toThrow(invalid('event'))
    expect(encodeEvent({ event: 'e', data: null })).toBe('event: e\ndata: null\n\n')
    for (const alone of [{ id: '1' }, { retry: 1 }, { comment: 'c' }]) expect(encodeEvent(alone)).not.toContain('data')
  })

  it('refuses an empty name, which a client cannot tell from none', () => {
    expect(() => encodeEvent({ event: '', data: '' })).toThrow(invalid('event'))
  })

  it.each([undefined, () => {}, Symbol('s')])('refuses data that JSON has no text for: %s', (data) => {
    const encode = (): string => encodeEvent({ id: '1', data: { toJSON: () => data } })
    expect(encode).toThrow(invalid('data'))
    if (data !== undefined) expect(() => encodeEvent({ data })).toThrow(invalid('data'))
  })

  it('refuses what JSON throws at', () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    for (const data of [circle, 1n]) expect(() => encodeEvent({ data })).toThrow(invalid('data'))
  })

  it.each(['data', 'event', 'id', 'comment'])('refuses a lone surrogate in %s', (field) => {
    expect(() => encodeEvent({ data: '', [field]: 'a\ud800b' })).toThrow(invalid(field))
    expect(encodeEvent({ data: '', [field]: '\ud83d\ude00' })).toContain('😀')
  })

  it('refuses a lone surrogate that comes from a serializer', () => {
    expect(() => encodeEvent({ data: 1 }, () => '\udc00')).toThrow(invalid('data'))
  })

  it.each(['event', 'id', 'comment'])('refuses %s that is no string', (field) => {
    for (const value of [1, null, true, {}, ['a'], new String('a')]) {
      expect(() => encodeEvent(given({ data: '', [field]: value }))).toThrow(invalid(field))
    }
  })

  it.each([undefined, null, 'text', 1, true, () => {}])('refuses %s for an event', (event) => {
    expect(errorOf(() => encodeEvent(given(event)))).toMatchObject({ code: 'SSE_INVALID_FIELD' })
  })

  it('refuses an event without any field, and ignores what is not one', () => {
    expect(errorOf(() => encodeEvent({}))).toMatchObject({ code: 'SSE_INVALID_FIELD' })
    expect(errorOf(() => encodeEvent(given({ type: 'e', id: undefined })))).toMatchObject({ code: 'SSE_INVALID_FIELD' })
    expect(encodeEvent(given({ type: 'e', data: 'd' }))).toBe('data: d\n\n')
  })

  it('asks every field once, so that what is checked is what is sent', () => {
    const asked: (string | symbol)[] = []
    const spy = new Proxy(
      { comment: 'c', event: 'e', data: 'd', id: 'i', retry: 1 },
      {
        get: (target, name) => {
          asked.push(name)
          return Reflect.get(target, name)
        },
      },
    )
    encodeEvent(spy)
    expect(asked.sort()).toEqual(['comment', 'data', 'event', 'id', 'retry'])
  })

  it('calls the serializer once, and never for a string', () => {
    const calls: unknown[] = []
    const serialize = (data: unknown): string => {
      calls.push(data)
      return 'x\ny'
    }
    expect(encodeEvent({ data: 'text' }, serialize)).toBe('data: text\n\n')
    expect(encodeEvent({ data: 5 }, serialize)).toBe('data: x\ndata: y\n\n')
    expect(calls).toEqual([5])
  })
})

describe('serializeData', () => {
  it('leaves strings alone and serializes the rest', () => {
    expect(serializeData('"', JSON.stringify)).toBe('"')
    expect(serializeData({ a: '"' }, JSON.stringify)).toBe('{"a":"\\""}')
  })

  it('refuses what gives no string or no well-formed one', () => {
    expect(() => serializeData(undefined, JSON.stringify)).toThrow(invalid('data'))
    expect(() => serializeData('\ud800', JSON.stringify)).toThrow(invalid('data'))
    expect(() => serializeData(1, () => given(1))).toThrow(invalid('data'))
  })
})

describe('dataLines', () => {
  it('[E1] gives one line for each line of the text', () => {
    expect(dataLines('')).toBe('data: \n')
    expect(dataLines('a$&b')).toBe('data: a$&b\n')
    expect(dataLines('a\r\n\rb$&')).toBe('data: a\ndata: \ndata: b$&\n')
  })
})

describe('commentLines', () => {
  it('[E1] gives one line for each line of the text', () => {
    expect(commentLines('')).toBe(': \n')
    expect(commentLines('a\rdata: forged')).toBe(': a\n: data: forged\n')
  })

  it('refuses what is no text', () => {
    expect(() => commentLines('\udfff')).toThrow(invalid('comment'))
    expect(() => commentLines(given(undefined))).toThrow(invalid('comment'))
  })
})

/** The boundary to callers without types. */
function given<T>(value: unknown): T {
  return value as T
}

function invalid(field: string): RegExp {
  return new RegExp(`^\`${field}\` `)
}

function errorOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

function attempt(event: SseEvent): string | undefined {
  try {
    return encodeEvent(event)
  } catch (error) {
    if (error instanceof SseError && error.code === 'SSE_INVALID_FIELD') return undefined
    throw error
  }
}

const HARD = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  '\ud800',
  '\udc00',
  '\ufeff',
  '\u2028',
  '\u0085',
  '\v',
  ' ',
  ':',
  '\ndata: x',
  'id',
]

function anyText(): fc.Arbitrary<string> {
  const gentle = fc.string({ unit: fc.constantFrom('a', ' ', ':', 'é', '😀', '\u2028', '\ufeff', '0') })
  const hard = fc.array(fc.oneof(fc.constantFrom(...HARD), fc.string({ unit: 'binary', maxLength: 3 })), {
    maxLength: 6,
  })
  return fc.oneof(
    gentle,
    hard.map((pieces) => pieces.join('')),
    fc.constant(''),
  )
}

function anyRetry(): fc.Arbitrary<number> {
  return fc.oneof(fc.nat(), fc.integer(), fc.double(), fc.constantFrom(0, -0, 2 ** 31 - 1, 2 ** 31, Number.NaN))
}

function anyEvent(): fc.Arbitrary<SseEvent> {
  const data = fc.oneof(anyText(), fc.jsonValue(), fc.constantFrom(0, '', null, false, [], {}))
  const fields = { event: anyText(), data, id: anyText(), retry: anyRetry(), comment: anyText() }
  return fc.record(fields, { requiredKeys: [] })
}

function chunkSizes(): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 8 })
}

/** What DESIGN refuses, said another way than the code says it. */
function isCarriable({ event, data, id, retry, comment }: SseEvent): boolean {
  const isText = (text: string): boolean => !/\p{Surrogate}/u.test(text)
  return (
    [event, data, id, retry, comment].some((value) => value !== undefined) &&
    (event === undefined || (data !== undefined && /^[^\r\n]+$/.test(event) && isText(event))) &&
    (typeof data !== 'string' || isText(data)) &&
    (id === undefined || (!/[\r\n\0]/.test(id) && isText(id))) &&
    (retry === undefined || (retry === Math.floor(retry) && retry >= 0 && retry < 2 ** 31)) &&
    (comment === undefined || isText(comment))
  )
}

interface Received {
  events: EventSourceMessage[]
  ids: string[]
  retries: number[]
  comments: string[]
}

function asReceived({ event, data, id, retry, comment }: SseEvent): Received {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  const probe = { id: undefined, event: undefined, data: 'probe' }
  return {
    events: data === undefined ? [probe] : [{ id, event, data: normalized(text) }, probe],
    ids: id === undefined ? [] : [id],
    retries: retry === undefined ? [] : [retry + 0],
    comments: comment === undefined ? [] : normalized(comment).split('\n'),
  }
}

function normalized(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\r', '\n')
}

/** Reads a stream as someone else's client does, in chunks of these many bytes, again from the first after the last. */
function receive(stream: string, sizes: readonly number[]): Received {
  const received: Received = { events: [], ids: [], retries: [], comments: [] }
  const parser = createParser({
    onEvent: (event) => received.events.push(event),
    onId: (id) => received.ids.push(id),
    onRetry: (retry) => received.retries.push(retry),
    onComment: (comment) => received.comments.push(comment),
    onError: (error) => expect.fail(`the client reports: ${error.message}`),
  })
  const bytes = new TextEncoder().encode(stream)
  const decoder = new TextDecoder()
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const end = at + (sizes[turn % sizes.length] ?? 1)
    parser.feed(decoder.decode(bytes.subarray(at, end), { stream: true }))
    at = end
  }
  return received
}
