import type { Random } from '@sse/tooling/random'
import type { HubEvent, Lag, Replay } from '../../src/index.ts'
import { type Draft, type Entry, serialOf } from './history.ts'
import type { Plan } from './plan.ts'

/** What a filter may look at. */
type Facts = Pick<Draft, 'serial' | 'topic' | 'event'>

type FilterName = 'two of three' | 'ticks' | 'not of x' | 'nothing'

/** Filters, by what they let through. They need no memory, so that they answer the same each time they are asked. */
const FILTERS: Readonly<Record<FilterName, (facts: Facts) => boolean>> = {
  'two of three': ({ serial }) => serial % 3 !== 0,
  ticks: ({ event }) => event === 'tick',
  'not of x': ({ topic }) => !topic.includes('x'),
  nothing: () => false,
}

/** The name of the event after which a stream with an end is over. */
export const LAST = 'last'

/** What is subscribed to. */
export const TOPIC_CHOICES: readonly (readonly string[])[] = [
  ['a/x'],
  ['b/x'],
  ['c'],
  ['a/y', 'c'],
  ['a/*'],
  ['a/**'],
  ['*/x'],
  ['**'],
  ['a/*', 'a/x'],
  ['b/**', 'c'],
  ['*', 'b/*'],
  ['quiet'],
  ['quiet', 'c'],
]

/** Topics to publish to, and how often it happens. */
export const TOPICS: readonly (readonly [string, number])[] = [
  ['a/x', 6],
  ['a/y', 5],
  ['a/x/deep', 2],
  ['b/x', 4],
  ['b/y/z', 2],
  ['c', 3],
  ['quiet', 1],
]

/** What a subscription is made with. */
interface InterestOptions {
  readonly topics: readonly string[]
  readonly replay: Replay
  readonly lag: Lag
  readonly hasSnapshot: boolean
  readonly hasEnd: boolean
  readonly filter: FilterName | undefined
}

/** What a subscription is made with, and which events are its. Knows nothing of how the hub finds out. */
export class Interest implements InterestOptions {
  readonly name: string
  readonly topics: readonly string[]
  readonly replay: Replay
  readonly lag: Lag
  readonly hasSnapshot: boolean
  readonly hasEnd: boolean
  readonly filter: FilterName | undefined
  readonly #patterns: readonly RegExp[]

  constructor(name: string, options: InterestOptions) {
    this.name = name
    this.topics = options.topics
    this.replay = options.replay
    this.lag = options.lag
    this.hasSnapshot = options.hasSnapshot
    this.hasEnd = options.hasEnd
    this.filter = options.filter
    this.#patterns = this.topics.map(toRegExp)
  }

  get isConflating(): boolean {
    return this.lag === 'conflate'
  }

  /** Whether a topic is among those that were chosen. */
  chose(topic: string): boolean {
    return this.#patterns.some((pattern) => pattern.test(topic))
  }

  /** Whether an event is for its clients: of its topics, and let through. */
  accepts(entry: Draft): boolean {
    return this.chose(entry.topic) && (this.filter === undefined || FILTERS[this.filter](entry))
  }

  /** Whether an event of its clients is the last of the stream. */
  ends(entry: Draft): boolean {
    return this.hasEnd && entry.event === LAST
  }

  /** Whether an event may be left out for a newer one of the same topic, event and key. */
  isReplaced(entry: Entry): boolean {
    if (!this.isConflating || entry.key === undefined) return false
    const newest = entry.place.epoch.sameKey(entry).findLast((other) => this.accepts(other))
    return newest !== undefined && newest.place.position > entry.place.position
  }

  /** As the hub's subscription asks it. */
  letsThrough({ data, topic, event }: HubEvent): boolean {
    return this.filter === undefined || FILTERS[this.filter]({ serial: serialOf(data), topic, event })
  }

  toString(): string {
    const { topics, replay, lag, filter } = this
    const rest = [filter && `filter ${filter}`, this.hasSnapshot && 'snapshot', this.hasEnd && 'until']
    return [`${this.name} ${topics.join(' ')}`, `replay ${replay}`, lag, ...rest.filter(Boolean)].join(', ')
  }
}

function toRegExp(pattern: string): RegExp {
  const parts = pattern.split('/').map((part) => (part === '**' ? '.+' : part === '*' ? '[^/]+' : part))
  return new RegExp(`^${parts.join('/')}$`)
}

/** Draws an interest; some differ from another in nothing but how they lag. */
export function drawInterest({
  name,
  choices,
  plan,
  random,
  other,
}: {
  readonly name: string
  /** Some of what is subscribed to: those who choose the same topics share an audience. */
  readonly choices: readonly (readonly string[])[]
  readonly plan: Plan
  readonly random: Random
  readonly other: Interest | undefined
}): Interest {
  const lag = random.pick(['disconnect', 'skip', 'conflate', 'conflate'] as const)
  if (other !== undefined && random.chance(0.4)) return new Interest(name, { ...other, lag })
  return new Interest(name, {
    topics: random.pick(choices),
    replay: random.weighted<Replay>([
      ['none', 3],
      [random.int(0, 12), 2],
      ['all', 3],
    ]),
    lag,
    hasSnapshot: random.chance(0.3),
    hasEnd: random.chance(plan.ends),
    filter: random.chance(0.35)
      ? random.weighted<FilterName>([
          ['two of three', 4],
          ['ticks', 2],
          ['not of x', 2],
          ['nothing', 1],
        ])
      : undefined,
  })
}
