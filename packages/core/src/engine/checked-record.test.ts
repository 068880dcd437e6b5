import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StageLog } from '../../test/stage-log.ts'
import { StreamClient, turns } from '../../test/stream-client.ts'
import { entryOf } from '../hub/entry.ts'
import { createHub } from '../hub/hub.ts'
import type { LogRecord } from '../hub/log.ts'
import { hardEntries } from '../testing/log-samples.ts'
import { checkedRecord, foreignRecord, type RecordFields } from './checked-record.ts'

const FIELDS: RecordFields = { position: '1', topic: 'a', event: 'price', data: '{"p":1}', raw: false }

describe('checkedRecord', () => {
  it('is the record, if a hub could have written it', () => {
    expect(checkedRecord(FIELDS)).toStrictEqual(FIELDS)
    expect(checkedRecord({ ...FIELDS, key: '' })).toStrictEqual({ ...FIELDS, key: '' })
    expect(checkedRecord({ ...FIELDS, key: undefined })).toStrictEqual(FIELDS)
    for (const entry of hardEntries()) expect(checkedRecord({ ...entry, position: '1' })).toMatchObject(entry)
  })

  it('takes the records that hubs write for each other', () => {
    for (const topic of ['sse.disconnect', 'sse.of-a-newer-version']) {
      const record = { position: '1', topic, event: topic, data: '{}', raw: true }
      expect(checkedRecord(record)).toStrictEqual(record)
    }
  })

  const strange: [name: string, field: string, fields: Partial<RecordFields>][] = [
    ['an event that forges a field', 'event', { event: 'x\ndata: forged' }],
    ['an event that forges an event', 'event', { event: 'x\r\rdata: forged\r\r' }],
    ['an event that forges on a topic of hubs', 'event', { topic: 'sse.own', event: 'x\ny' }],
    ['an event that only hubs may send', 'event', { event: 'sse.gap' }],
    ['an event without a name', 'event', { event: '' }],
    ['no event', 'event', { event: undefined }],
    ['an event of half a surrogate pair', 'event', { event: 'x\ud800' }],
    ['a topic with a control character', 'topic', { topic: 'a\nb' }],
    ['a topic with a NUL', 'topic', { topic: 'a\0' }],
    ['a topic that is a pattern', 'topic', { topic: 'a/*' }],
    ['a topic of an empty part', 'topic', { topic: 'a//b' }],
    ['a topic of 300 bytes', 'topic', { topic: 'é'.repeat(150) }],
    ['a topic of half a surrogate pair', 'topic', { topic: '\udfff' }],
    ['an empty topic', 'topic', { topic: '' }],
    ['no topic', 'topic', { topic: undefined }],
    ['data of half a surrogate pair', 'data', { data: 'x\udc00' }],
    ['data that is no text', 'data', { data: new Uint8Array(1) }],
    ['no data', 'data', { data: undefined }],
    ['a key of 300 bytes', 'key', { key: 'é'.repeat(150) }],
    ['a key of half a surrogate pair', 'key', { key: '\ud800' }],
    ['a key that is no text', 'key', { key: null }],
  ]
  for (const [name, field, fields] of strange) {
    it(`throws for ${name}`, () => {
      expect(() => checkedRecord({ ...FIELDS, ...fields })).toThrow(
        expect.objectContaining({
          name: 'SseError',
          code: 'SSE_INVALID_FIELD',
          message: expect.stringContaining(`\`${field}\``),
        }),
      )
    })
  }

  it('takes whatever `publish` takes', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 })
    fc.assert(
      fc.property(text, text, text, fc.option(text, { nil: undefined }), (topic, event, data, key) => {
        let entry: ReturnType<typeof entryOf>
        try {
          entry = entryOf(topic, { event, data, key }, String, 1024)
        } catch {
          fc.pre(false)
        }
        expect(checkedRecord({ ...entry, position: '1' })).toStrictEqual({ ...entry, position: '1' })
      }),
    )
  })
})

/** What may come from an engine: texts that break lines and frames among them. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc
    .array(
      fc.constantFrom('a', ' ', ':', '\n', '\r', '\0', 'data: x', '\n\n', 'id: 9', 'sse.', '/', '*', '\ud800', '😀'),
      {
        maxLength: 6,
      },
    )
    .map((parts) => parts.join('')),
)

describe('a log that strangers write to', () => {
  it('gives clients the events alone, each exactly, whatever else there is', async () => {
    const fields = fc.record({ topic: text, event: text, data: text, key: fc.option(text, { nil: undefined }) })
    await fc.assert(
      fc.asyncProperty(fc.array(fields, { maxLength: 20, size: 'max' }), async (all) => {
        const { client, hub, records } = await read(all.map((one) => ({ ...one, raw: true })))
        const events = records.filter(({ topic }) => !topic.startsWith('sse.'))
        expect(client.events.map(({ event = 'message', data, id }) => [event, data, id])).toEqual(
          events.map(({ event, data, position }) => [event, data.replace(/\r\n|\r/g, '\n'), `e1.${position}`]),
        )
        expect(hub.stats()).toMatchObject({ published: events.length, ring: { head: `e1.${all.length}` } })
        await client.leave()
        await hub.close()
      }),
      { numRuns: 200 },
    )
  })

  it('is ready though it ends with something that is no event', async () => {
    const { client, hub, records } = await read([{ ...FIELDS }, { ...FIELDS, event: 'x\ndata: forged' }])
    expect(records.map(({ topic }) => topic)).toEqual(['a', 'sse.foreign'])
    expect(await hub.health()).toEqual({ ok: true })
    expect(client.data).toEqual(['{"p":1}'])
    expect(hub.stats()).toMatchObject({ published: 1, ring: { events: 1, head: 'e1.2' } })
    const back = await StreamClient.open(hub.subscribe('**'), { lastEventId: 'e1.2' })
    expect((await back.settle()).events).toEqual([])
  })

  it('may have an event that is longer than the ring: who reads gets it, who comes late is told', async () => {
    const long = 'x'.repeat(100_000)
    const log = new StageLog()
    const hub = createHub({ log, ring: { maxBytes: 10_000 } })
    const client = await StreamClient.open(hub.subscribe('a'))
    for (const data of ['1', long, '2']) log.put({ topic: 'a', event: 'message', data, raw: true })
    expect((await client.settle()).data).toEqual(['1', long, '2'])
    await turns()
    expect(hub.stats().ring.bytes).toBeLessThanOrEqual(10_000)
    const late = await StreamClient.open(hub.subscribe('a'), { lastEventId: 'e1.1' })
    expect((await late.settle()).gaps).toMatchObject([{ reason: 'trimmed', from: 'e1.1', to: 'e1.2' }])
    expect(late.data.at(-1)).toBe('2')
  })
})

/** A hub on a log with such things in it, and a client that has read it from its beginning. */
async function read(all: readonly Omit<RecordFields, 'position'>[]) {
  const log = new StageLog()
  log.records = all.map((fields, i) => recordOf({ ...fields, position: String(i + 1) }))
  const hub = createHub({ log })
  const client = await StreamClient.open(hub.subscribe('**', { replay: 'all' }))
  await client.settle()
  return { client, hub, records: log.records }
}

function recordOf(fields: RecordFields): LogRecord {
  try {
    return checkedRecord(fields)
  } catch {
    return foreignRecord(fields.position)
  }
}
