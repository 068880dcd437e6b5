import { SseError } from '../wire/error.ts'
import { assertPattern, isPattern, topicMatches } from './topics.ts'

const MAX_PATTERNS = 1_000
const NO_PATTERNS: readonly Pattern[] = []

/** The topics a subscription has chosen. */
export class Selection {
  /** Topics and patterns, as they were given. */
  readonly topics: readonly string[]
  /** The same for selections of the same topics. */
  readonly key: string
  /** Those that are topics; `undefined` if there is a pattern among them. */
  readonly exact: readonly string[] | undefined
  readonly #patterns: readonly Pattern[]
  readonly #first: string
  /** Where there is more than the first. */
  readonly #all: ReadonlySet<string> | undefined

  /** @throws {SseError} `SSE_INVALID_FIELD` if one is no topic or pattern, there is none, or there are over 1,000. */
  constructor(topics: string | readonly string[]) {
    // Most are of one topic, and many are made for one request: that one costs no set and no sorting.
    const list = typeof topics === 'string' ? [topics] : distinct(topics)
    for (const topic of list) assertPattern(topic)
    this.topics = Object.freeze(list)
    this.#patterns = list.some(isPattern) ? list.filter(isPattern).map(patternOf) : NO_PATTERNS
    this.exact = this.#patterns === NO_PATTERNS ? this.topics : undefined
    this.#first = list[0] ?? ''
    this.#all = list.length === 1 ? undefined : new Set(list)
    this.key = this.#all === undefined ? this.#first : list.toSorted().join('\n')
  }

  matches(topic: string): boolean {
    // A pattern is never equal to a topic.
    if (topic === this.#first || this.#all?.has(topic)) return true
    for (const { prefix, whole, isRest } of this.#patterns) {
      if (topic.startsWith(prefix) && (isRest || topicMatches(whole, topic))) return true
    }
    return false
  }
}

function distinct(topics: readonly string[]): readonly string[] {
  if (!Array.isArray(topics)) {
    throw new SseError('SSE_INVALID_FIELD', '`topics` must be a string or an array of strings')
  }
  const list = [...new Set(topics)]
  if (list.length > 0 && list.length <= MAX_PATTERNS) return list
  throw new SseError('SSE_INVALID_FIELD', `\`topics\` must hold 1 to ${MAX_PATTERNS} topics, not ${list.length}`)
}

/** A pattern, so that most topics are told apart from it by their first characters alone. */
interface Pattern {
  readonly whole: string
  /** What comes before its first `*`. */
  readonly prefix: string
  /** Nothing but `**` comes after that. */
  readonly isRest: boolean
}

function patternOf(whole: string): Pattern {
  const prefix = whole.slice(0, whole.indexOf('*'))
  return { whole, prefix, isRest: whole === `${prefix}**` }
}
