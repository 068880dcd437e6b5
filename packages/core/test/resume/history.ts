import type { LogRecord } from '../../src/index.ts'
import { must } from './violation.ts'

/** What an event of a run carries: always its number, so that it is known wherever it turns up. */
export type Payload = string | { readonly n: number; readonly pad: string }

/** An event on its way. */
export interface Draft {
  /** Unique in a run. */
  readonly serial: number
  readonly topic: string
  readonly event: string
  readonly key: string | undefined
  readonly data: Payload
  /** What a client reads as `data`: line breaks are LF there. */
  readonly text: string
}

/** A place in the log. */
export interface Place {
  readonly epoch: Epoch
  readonly position: number
}

/** An event in the log. */
export interface Entry extends Draft {
  readonly place: Place
  /** Its publish resolved. If not it is in the log nevertheless, and clients may get it or not. */
  readonly isAccepted: boolean
}

/** One history of the log. Positions count from 1; a position may hold nothing for clients. */
export class Epoch {
  readonly name: string
  /** Later epochs have higher numbers. */
  readonly number: number
  readonly #slots: (Entry | undefined)[] = [undefined]
  readonly #byKey = new Map<string, Entry[]>()

  constructor(name: string, number: number) {
    this.name = name
    this.number = number
  }

  /** The newest position. */
  get head(): number {
    return this.#slots.length - 1
  }

  at(position: number): Entry | undefined {
    return this.#slots[position]
  }

  /** The events after a position, up to another. */
  *between(after: number, upTo: number): Iterable<Entry> {
    const last = Math.min(upTo, this.head)
    for (let position = after + 1; position <= last; position++) {
      const entry = this.#slots[position]
      if (entry !== undefined) yield entry
    }
  }

  /** The events that a newer one of the same topic, event and key replaces: all of them, in order. */
  sameKey(entry: Draft): readonly Entry[] {
    return this.#byKey.get(keyOf(entry)) ?? []
  }

  /** Takes what stands at the next position: an event, or nothing that concerns clients. */
  push(entry: Entry | undefined): void {
    this.#slots.push(entry)
    if (entry?.key === undefined) return
    const key = keyOf(entry)
    const list = this.#byKey.get(key)
    if (list === undefined) this.#byKey.set(key, [entry])
    else list.push(entry)
  }
}

/** The truth of a run: everything that is in the log, in its order. */
export class History {
  readonly #epochs: Epoch[] = []
  readonly #byName = new Map<string, Epoch>()
  readonly #drafts: Draft[] = []

  /** The epoch that the log is in. */
  get current(): Epoch {
    const epoch = this.#epochs.at(-1)
    if (epoch === undefined) throw new Error('The log has not begun.')
    return epoch
  }

  get epochs(): readonly Epoch[] {
    return this.#epochs
  }

  get drafts(): readonly Draft[] {
    return this.#drafts
  }

  /** The log begins, anew if it has before. */
  begin(name: string): void {
    const epoch = new Epoch(name, this.#epochs.length)
    this.#epochs.push(epoch)
    this.#byName.set(name, epoch)
  }

  /** Notes what is about to be published: its data, given its number. */
  draft(about: Pick<Draft, 'topic' | 'event' | 'key'>, dataOf: (serial: number) => Payload): Draft {
    const serial = this.#drafts.length
    const data = dataOf(serial)
    const text = typeof data === 'string' ? data.replace(/\r\n|\r/g, '\n') : JSON.stringify(data)
    const draft = { ...about, serial, data, text }
    this.#drafts.push(draft)
    return draft
  }

  /** The draft that a record carries: by the number in its data. */
  draftOf({ topic, event, data, raw, key }: Omit<LogRecord, 'position'>): Draft {
    const draft = this.#drafts[serialOf(raw ? data : JSON.parse(data))]
    must(draft !== undefined, 'data', () => `the log was given an event that nobody published: ${data}`)
    const isSame =
      draft.topic === topic &&
      draft.event === event &&
      draft.key === key &&
      raw === (typeof draft.data === 'string') &&
      data === (typeof draft.data === 'string' ? draft.data : draft.text)
    must(isSame, 'data', () => `event #${draft.serial} reached the log as something else: ${data}`)
    return draft
  }

  /** Where an id stands, if it is one of this run's: it need not be an event's. */
  placeOf(id: string): Place | undefined {
    const [name = '', position = '', ...rest] = id.split('.')
    const epoch = this.#byName.get(name)
    if (epoch === undefined || rest.length > 0 || !/^(?:0|[1-9]\d*)$/.test(position)) return undefined
    return { epoch, position: Number(position) }
  }
}

/** The number of an event, from its data. */
export function serialOf(data: unknown): number {
  if (typeof data === 'string') return Number.parseInt(data, 10)
  return typeof data === 'object' && data !== null && 'n' in data ? Number(data.n) : Number.NaN
}

/** Events with the same one replace each other. */
export function keyOf({ topic, event, key }: Draft): string {
  return JSON.stringify([topic, event, key])
}

/** The id of a place. */
export function idOf({ epoch, position }: Place): string {
  return `${epoch.name}.${position}`
}

/** How an event is called in what is told of it. */
export function nameOf(entry: Entry): string {
  const { serial, topic, event, key, place } = entry
  return `#${serial} (${event} to ${topic}${key === undefined ? '' : `, key ${key}`}) at ${idOf(place)}`
}
