import { describe, expect, it } from 'vitest'
import type { EventLog, LogEntry, LogFollower, LogRecord } from '../hub/log.ts'
import { logContract } from './log-contract.ts'
import type { LogHarness } from './log-stage.ts'

describe('logContract', () => {
  describe('is kept by a log that an engine keeps for several processes', () => {
    for (const { name, run } of logContract(harnessOf({}))) it(name, run)
  })

  it.each(FAULTS())('%s', async (_, broken, faults) => {
    const cases = logContract({ ...harnessOf(faults), timeout: 250 })
    expect(cases.map(({ name }) => name)).toContain(broken)
    const outcomes = await Promise.allSettled(cases.map(({ run }) => run()))
    const failed = cases.filter((_, index) => outcomes[index]?.status === 'rejected').map(({ name }) => name)
    expect(failed).toContain(broken)
  })

  it('has a fault here for each of its rules', () => {
    const names = logContract(harnessOf({})).map(({ name }) => name)
    expect(new Set(FAULTS().map(([, broken]) => broken))).toEqual(new Set(names))
  })

  it('asks nothing that the harness cannot do', () => {
    const all = logContract(harnessOf({})).length
    const { create } = harnessOf({})
    expect(logContract({ create })).toHaveLength(all - 5)
    expect(logContract({ create, keepsHistory: true })).toHaveLength(all - 3)
    expect(logContract({ create, open: create, interrupt: () => {}, lose: () => {} })).toHaveLength(all - 2)
  })

  it('stops every follower and disposes of every log, also after a failure', async () => {
    const disposed: EventLog[] = []
    const harness = {
      ...harnessOf({ delivery: 'twice' }),
      timeout: 250,
      dispose: (log: EventLog) => void disposed.push(log),
    }
    for (const { run } of logContract(harness)) {
      const before = disposed.length
      await run().catch(() => {})
      const released = disposed.slice(before).map((log) => engineLog(log).followers)
      expect(released.length).toBeGreaterThan(0)
      expect(released.every((followers) => followers === 0)).toBe(true)
    }
  })
})

/** What may be wrong with a log: the rule that it breaks, and how. */
function FAULTS(): [what: string, broken: string, faults: Faults][] {
  return [
    ['sees places out of order', 'gives places in the order of the calls', { place: swapped }],
    ['sees an epoch that changes', 'gives places in the order of the calls', { epoch: (n) => `e${n % 7}` }],
    [
      'sees a position outside of the alphabet',
      'gives places that can be ids',
      { spell: (n) => `${n}_0`, positions: /^[0-9]{1,15}_0$/ },
    ],
    ['sees positions that the log does not know', 'gives places that can be ids', { positions: /^never$/ }],
    ['sees an id that is too long', 'gives places that can be ids', { epoch: () => 'e'.repeat(127) }],
    ['sees a head before what was accepted', 'accepts appends while nobody follows', { head: 'first' }],
    ['sees two epochs', 'accepts appends while nobody follows', { attachedTo: 'another' }],
    ['sees that entries are not copied', 'takes an event as it is at the call', { carry: (entry) => entry }],
    ['sees positions compared as text', 'compares places by their order, whatever their length', { compare: asText }],
    [
      'sees text before a position',
      'knows no place in what clients may send',
      { positions: /(?<![0-9])[1-9][0-9]{0,14}-0$|^0-0$/ },
    ],
    ['sees text after a position', 'knows no place in what clients may send', { positions: /^[0-9]+-0/ }],
    [
      'sees a line break after a position',
      'knows no place in what clients may send',
      { positions: /^(?:0|[1-9][0-9]{0,14})-0$/m },
    ],
    ['sees digits of other scripts', 'knows no place in what clients may send', { positions: /^\p{Nd}{1,15}(-0)?$/u }],
    ['sees two spellings of a place', 'knows no place in what clients may send', { positions: /^[0-9]{1,15}-0$/ }],
    ['sees records before attach', 'attaches before it delivers, within its bounds', { delivery: 'before attach' }],
    ['sees a head that stays', 'attaches before it delivers, within its bounds', { head: 'first' }],
    ['sees attach twice', 'attaches before it delivers, within its bounds', { delivery: 'attached twice' }],
    ['sees a floor after the head', 'delivers no more history than asked for', { head: 'before floor' }],
    ['sees records before the floor', 'delivers up to the head without a further append', { floor: 'head' }],
    ['sees records twice', 'delivers what was appended, in order, once', { delivery: 'twice' }],
    ['sees records missing', 'delivers what was appended, in order, once', { delivery: 'every other' }],
    ['sees records backwards', 'delivers what was appended, in order, once', { delivery: 'backwards' }],
    ['sees empty batches', 'delivers what was appended, in order, once', { delivery: 'empty' }],
    [
      'sees a hole after attach',
      'delivers everything after the floor while appends are under way',
      { delivery: 'hole' },
    ],
    ['sees the tail wait for an append', 'delivers up to the head without a further append', { delivery: 'late' }],
    [
      'sees an empty key dropped',
      'carries every text exactly',
      { carry: ({ key, ...entry }) => (key ? { ...entry, key } : entry) },
    ],
    ['sees a key invented', 'carries every text exactly', { carry: (entry) => ({ key: '', ...entry }) }],
    ['sees `raw` lost', 'carries every text exactly', { carry: (entry) => ({ ...entry, raw: true }) }],
    [
      'sees line breaks changed',
      'carries every text exactly',
      { carry: withData((data) => data.replace(/\r\n?/g, '\n')) },
    ],
    ['sees blanks trimmed', 'carries every text exactly', { carry: withData((data) => data.trim()) }],
    [
      'sees a byte order mark dropped',
      'carries every text exactly',
      { carry: withData((data) => data.replace(/^\ufeff/, '')) },
    ],
    ['sees text normalized', 'carries every text exactly', { carry: withData((data) => data.normalize()) }],
    ['sees text cut at a NUL', 'carries every text exactly', { carry: withData((data) => data.replace(/\0.*$/s, '')) }],
    [
      'sees latin1',
      'carries every text exactly',
      { carry: withData((data) => Buffer.from(data, 'latin1').toString('latin1')) },
    ],
    [
      'sees the name changed',
      'carries every text exactly',
      { carry: (entry) => ({ ...entry, event: entry.event.trim() }) },
    ],
    [
      'sees the topic changed',
      'carries every text exactly',
      { carry: (entry) => ({ ...entry, topic: entry.topic.slice(0, 80) }) },
    ],
    ['sees large records cut', 'carries a megabyte', { carry: withData((data) => data.slice(0, 65_536)) }],
    ['sees an order for each follower', 'shows every follower the same order', { delivery: 'shuffled' }],
    ['sees delivery after stop()', 'stops at once, for one follower alone', { stop: 'never' }],
    ['sees stop() for everyone', 'stops at once, for one follower alone', { stop: 'everyone' }],
    ['sees stop() that never resolves', 'stops at once, for one follower alone', { stop: 'unresolved' }],
    ['sees stop() work at the end of a batch', 'can be stopped from within a delivery', { stop: 'late' }],
    ['sees a record that nobody gets', 'shows every follower the same order', { delivery: 'but b7' }],
    ['sees appends nested', 'delivers what a follower appends after what came before it', { delivery: 'nested' }],
    [
      'sees appends of followers lost',
      'delivers what a follower appends after what came before it',
      { delivery: 'deaf' },
    ],
    [
      'sees appends of followers out of order',
      'delivers what a follower appends after what came before it',
      { delivery: 'swapped' },
    ],
    ['sees late followers miss some', 'attaches a follower that begins within a delivery', { delivery: 'hole' }],
    ['sees one broken follower end it all', 'detaches a follower that throws, and no other', { throwing: 'ends all' }],
    [
      'sees a broken follower told something else',
      'detaches a follower that throws, and no other',
      { throwing: 'renamed' },
    ],
    ['sees a broken follower called on', 'detaches a follower that throws, and no other', { throwing: 'ignored' }],
    ['sees a broken follower told nothing', 'detaches a follower that throws, and no other', { throwing: 'dropped' }],
    [
      'sees appends without an answer at the end',
      'answers every append before it is let go of, and may be used again',
      { release: 'hasty' },
    ],
    [
      'sees a log that is closed for ever',
      'answers every append before it is let go of, and may be used again',
      { release: 'for ever' },
    ],
    ['sees no history', 'delivers what was appended before, if asked for', { tail: () => 0 }],
    ['sees more events than asked for', 'delivers no more history than asked for', { tail: (_, byBytes) => byBytes }],
    ['sees more bytes than asked for', 'delivers no more history than asked for', { tail: (byEvents) => byEvents }],
    ['sees handles with an epoch each', 'is one log to all who open it', { opens: 'an epoch' }],
    ['sees handles with a log each', 'is one log to all who open it', { opens: 'a log' }],
    [
      'sees repetition after an interruption',
      'goes on after an interruption, without loss or repetition',
      { resume: () => 0 },
    ],
    [
      'sees loss in an interruption',
      'goes on after an interruption, without loss or repetition',
      { resume: (_, head) => head },
    ],
    [
      'sees nothing after an interruption',
      'goes on after an interruption, without loss or repetition',
      { resume: () => Infinity },
    ],
    ['sees a floor that goes back', 'goes on after an interruption, without loss or repetition', { floor: 'first' }],
    [
      'sees records while detached',
      'goes on after an interruption, without loss or repetition',
      { delivery: 'detached' },
    ],
    ['sees the old epoch after a loss', 'begins another epoch once its history is lost', { epoch: () => 'same' }],
  ]
}

/** How the log of this test departs from the contract. Without any it keeps it. */
interface Faults {
  /** The number that the nth append gets. */
  readonly place?: (n: number) => number
  readonly epoch?: (n: number) => string
  readonly attachedTo?: string
  readonly spell?: (n: number) => string
  readonly carry?: (entry: LogEntry) => LogEntry
  readonly compare?: (a: string, b: string) => number
  readonly positions?: RegExp
  readonly floor?: 'first' | 'head'
  readonly head?: 'first' | 'before floor'
  readonly delivery?:
    | 'before attach'
    | 'attached twice'
    | 'detached'
    | 'twice'
    | 'every other'
    | 'backwards'
    | 'empty'
    | 'hole'
    | 'late'
    | 'shuffled'
    | 'but b7'
    | 'swapped'
    | 'nested'
    | 'deaf'
  readonly stop?: 'never' | 'everyone' | 'unresolved' | 'late'
  readonly release?: 'hasty' | 'for ever'
  readonly throwing?: 'ends all' | 'ignored' | 'dropped' | 'renamed'
  /** How many records are delivered of those that are enough by their number, and by their bytes. */
  readonly tail?: (byEvents: number, byBytes: number) => number
  readonly opens?: 'an epoch' | 'a log'
  /** From which number on a follower reads that had this one, when the log goes up to that one. */
  readonly resume?: (last: number, head: number) => number
}

function withData(change: (data: string) => string): (entry: LogEntry) => LogEntry {
  return (entry) => ({ ...entry, data: change(entry.data) })
}

function swapped(n: number): number {
  return n % 2 === 0 ? n - 1 : n + 1
}

function asText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

function harnessOf(faults: Faults): LogHarness {
  return {
    keepsHistory: true,
    create: () => new EngineLog(new Engine(), faults),
    open: (log) => {
      const engine = faults.opens === 'a log' ? new Engine() : engineLog(log).engine
      return new EngineLog(engine, faults.opens === 'an epoch' ? { ...faults, epoch: () => 'other' } : faults)
    },
    interrupt: (log) => engineLog(log).engine.cutAll(),
    lose: (log) => engineLog(log).engine.lose(),
  }
}

/** The boundary: a harness gets back what it has made. */
function engineLog(log: EventLog): EngineLog {
  if (log instanceof EngineLog) return log
  throw new TypeError('not a log of this harness')
}

/** What several processes would share. */
class Engine {
  entries: { readonly n: number; readonly entry: LogEntry }[] = []
  count = 0
  generation = 1
  isDelivering = false
  readonly readers = new Set<Reader>()

  wake(): void {
    for (const reader of this.readers) reader.wake()
  }

  cutAll(): void {
    for (const reader of this.readers) reader.cut()
  }

  lose(): void {
    this.entries = []
    this.count = 0
    this.generation++
    this.cutAll()
  }
}

/** Later, when others have had their turns. */
async function afterTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** One process's handle. It reads in batches of up to seven, in turns of its own, as a client of a server does. */
class EngineLog implements EventLog {
  readonly engine: Engine
  readonly faults: Faults
  #isReleased = false
  readonly #mine = new Set<Reader>()

  constructor(engine: Engine, faults: Faults) {
    this.engine = engine
    this.faults = faults
  }

  get followers(): number {
    return [...this.#mine].filter((reader) => this.engine.readers.has(reader)).length
  }

  append(given: LogEntry): Promise<{ epoch: string; position: string }> {
    const { engine, faults } = this
    if (this.#isReleased) return Promise.reject(new Error('this log was let go of'))
    const count = ++engine.count
    const isSwapped = faults.delivery === 'swapped' && engine.isDelivering
    const n = (isSwapped ? swapped : faults.place)?.(count) ?? count
    const entry = faults.carry === undefined ? { ...given } : faults.carry(given)
    if (!(faults.delivery === 'deaf' && engine.isDelivering)) engine.entries.push({ n, entry })
    engine.entries.sort((a, b) => a.n - b.n)
    if (faults.delivery === 'nested') for (const reader of engine.readers) reader.read()
    engine.wake()
    if (faults.release === 'hasty') return afterTurns(3).then(() => ({ epoch: this.epoch, position: this.spell(n) }))
    return Promise.resolve({ epoch: this.epoch, position: this.spell(n) })
  }

  follow(follower: LogFollower, tail: { maxEvents: number; maxBytes: number }): () => Promise<void> {
    const reader = new Reader(this, follower, tail)
    this.#mine.add(reader)
    this.engine.readers.add(reader)
    reader.wake()
    return () => {
      const { stop } = this.faults
      if (stop === 'everyone') this.engine.readers.clear()
      if (stop !== 'never') this.engine.readers.delete(reader)
      return stop === 'unresolved' ? new Promise(() => {}) : Promise.resolve()
    }
  }

  async release(): Promise<void> {
    if (this.faults.release !== 'hasty') await afterTurns(1)
    this.#isReleased = this.faults.release === 'for ever'
  }

  compare(a: string, b: string): number {
    return this.faults.compare?.(a, b) ?? Number.parseInt(a, 10) - Number.parseInt(b, 10)
  }

  isPosition(text: string): boolean {
    return (this.faults.positions ?? /^(?:0|[1-9][0-9]{0,14})-0$/).test(text)
  }

  get epoch(): string {
    return this.faults.epoch?.(this.engine.count) ?? `epoch-${this.engine.generation}`
  }

  spell(n: number): string {
    return this.faults.spell?.(n) ?? `${n}-0`
  }
}

/** One follower of an {@link EngineLog}. */
class Reader {
  readonly #log: EngineLog
  readonly #follower: LogFollower
  readonly #tail: { maxEvents: number; maxBytes: number }
  /** The number that was delivered last. */
  #last: number | undefined
  #generation = 0
  #isAttached = false

  constructor(log: EngineLog, follower: LogFollower, tail: { maxEvents: number; maxBytes: number }) {
    this.#log = log
    this.#follower = follower
    this.#tail = tail
  }

  wake(): void {
    setImmediate(() => this.read())
  }

  cut(): void {
    if (this.#isAttached) this.#call(() => this.#follower.detach(new Error('interrupted')))
    this.#isAttached = this.#log.faults.delivery === 'detached'
    this.wake()
  }

  read(): void {
    const { engine, faults } = this.#log
    if (!engine.readers.has(this)) return
    if (!this.#isAttached) {
      if (faults.delivery === 'before attach') this.#deliver(1)
      if (!this.#attach() || faults.delivery === 'late') return
    }
    for (const { n } of this.#rest().filter((_, index) => index % 7 === 6)) if (!this.#deliver(n)) return
    const end = this.#rest().at(-1)
    if (end !== undefined) this.#deliver(end.n)
  }

  #attach(): boolean {
    const { engine, faults } = this.#log
    const isNew = this.#last === undefined || this.#generation !== engine.generation
    const resumed = faults.resume?.(this.#last ?? 0, engine.count) ?? this.#last ?? 0
    const last = isNew ? this.#beforeTail() : resumed
    if (!Number.isFinite(last)) return false
    this.#last = last
    this.#generation = engine.generation
    this.#isAttached = true
    const head = { first: 0, 'before floor': Math.max(0, last - 1), true: engine.count }[faults.head ?? 'true']
    const floor = { first: 0, head: engine.count, true: last }[faults.floor ?? 'true']
    const at = {
      epoch: faults.attachedTo ?? this.#log.epoch,
      floor: this.#log.spell(floor),
      head: this.#log.spell(head),
    }
    this.#call(() => this.#follower.attach(at))
    if (faults.delivery === 'attached twice') this.#call(() => this.#follower.attach(at))
    if (faults.delivery === 'hole' && engine.count > last) this.#last = last + 1
    return true
  }

  #beforeTail(): number {
    const { engine, faults } = this.#log
    const sizes = engine.entries.map(({ entry }) => Buffer.byteLength(entry.data)).reverse()
    let bytes = 0
    const byBytes = sizes.filter((size) => {
      bytes += size
      return bytes <= this.#tail.maxBytes
    }).length
    const byEvents = Math.min(this.#tail.maxEvents, sizes.length)
    return engine.count - (faults.tail?.(byEvents, byBytes) ?? Math.min(byEvents, byBytes))
  }

  #rest(): { readonly n: number; readonly entry: LogEntry }[] {
    return this.#log.engine.entries.filter(({ n }) => n > (this.#last ?? 0))
  }

  /** Delivers up to a number; false if there is nobody any more. */
  #deliver(upTo: number): boolean {
    const { engine, faults } = this.#log
    const batch = this.#rest().filter(({ n }) => n <= upTo)
    const records = this.#spoil(batch.map(({ n, entry }) => ({ ...entry, position: this.#log.spell(n) })))
    if (!engine.readers.has(this) && faults.stop !== 'late') return false
    this.#last = upTo
    if (faults.delivery === 'empty') this.#call(() => this.#follower.records([]))
    if (records.length > 0) this.#call(() => this.#follower.records(records))
    return engine.readers.has(this) || faults.stop === 'late'
  }

  #spoil(records: LogRecord[]): LogRecord[] {
    const { engine, faults } = this.#log
    if (faults.delivery === 'but b7') return records.filter(({ data }) => data !== 'b7')
    if (faults.delivery === 'twice') return [...records, ...records]
    if (faults.delivery === 'every other') return records.filter((_, index) => index % 2 === 0)
    if (faults.delivery === 'backwards') return records.reverse()
    if (faults.delivery === 'shuffled' && [...engine.readers].indexOf(this) % 2 === 1) return records.reverse()
    return records
  }

  #call(call: () => void): void {
    const { engine, faults } = this.#log
    engine.isDelivering = true
    try {
      call()
    } catch (error) {
      if (faults.throwing === 'ends all') engine.readers.clear()
      if (faults.throwing !== 'ignored') engine.readers.delete(this)
      const told = faults.throwing === 'renamed' ? new Error('renamed') : error
      if (faults.throwing !== 'dropped') this.#follower.detach(told)
    } finally {
      engine.isDelivering = false
    }
  }
}
