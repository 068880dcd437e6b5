import { SseError } from '../wire/error.ts'
import { assertPattern, isPattern, topicMatches } from './topics.ts'

const MAX_PATTERNS = 1_000

/** The topics a subscription has chosen. */
export class Selection {
  /** Topics and patterns, as they were given. */
  readonly topics: readonly string[]
  /** The same for selections of the same topics. */
  readonly key: string
  /** Those that are topics; `undefined` if there is a pattern among them. */
  readonly exact: readonly string[] | undefined
  readonly #patterns: readonly Pattern[]
  readonly #exact: ReadonlySet<string>

  /** @throws {SseError} `SSE_INVALID_FIELD` if one is no topic or pattern, there is none, or there are over 1,000. */
  constructor(topics: string | readonly string[]) {
    if (typeof topics !== 'string' && !Array.isArray(topics)) {
      throw new SseError('SSE_INVALID_FIELD', '`topics` must be a string or an array of strings')
    }
    const list: readonly string[] = [...new Set(typeof topics === 'string' ? [topics] : topics)]
    if (list.length === 0 || list.length > MAX_PATTERNS) {
      throw new SseError('SSE_INVALID_FIELD', `\`topics\` must hold 1 to ${MAX_PATTERNS} topics, not ${list.length}`)
    }
    for (const topic of list) assertPattern(topic)
    this.topics = Object.freeze(list)
    this.key = list.toSorted().join('\n')
    this.#patterns = list.filter(isPattern).map(patternOf)
    const exact = list.filter((topic) => !isPattern(topic))
    this.#exact = new Set(exact)
    this.exact = this.#patterns.length === 0 ? exact : undefined
  }

  matches(topic: string): boolean {
    if (this.#exact.has(topic)) return true
    for (const { prefix, whole, isRest } of this.#patterns) {
      if (topic.startsWith(prefix) && (isRest || topicMatches(whole, topic))) return true
    }
    return false
  }
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
