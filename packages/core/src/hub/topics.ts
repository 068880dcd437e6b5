import { exceedsBytes } from '../wire/byte-limit.ts'
import { SseError } from '../wire/error.ts'

/** The longest topic or pattern, in bytes of UTF-8. */
export const MAX_TOPIC_BYTES = 256

/** How the names begin that the library keeps for itself, of topics and of events. */
export const RESERVED_PREFIX = 'sse.'

/**
 * Makes a topic of a template in which every value stays inside its part: `` topic`users/${id}/inbox` ``. Use it
 * wherever a value comes from outside: `'users/' + id` with the id `*` reads everyone's. The template itself may have
 * `*` and `**`.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` if a value is empty, holds `/` or `*`, or is neither a string, a finite
 * number nor a bigint, or if the whole is nothing that could be subscribed to.
 */
export function topic(template: TemplateStringsArray, ...values: readonly (string | number | bigint)[]): string {
  let text = ''
  for (const [index, literal] of template.entries()) {
    // It is, whatever its type says, where the template has an escape that means nothing.
    if (literal === undefined) throw invalid('has an invalid escape sequence')
    text += literal
    if (index < values.length) text += partValue(values[index])
  }
  assertPattern(text)
  return text
}

/**
 * Checks what an event can be published to: 1 to 256 bytes, parts that are not empty, no `*`, no control character.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` otherwise, and for the reserved names that start with `sse.`
 */
export function assertTopic(topic: unknown): asserts topic is string {
  assertAnyTopic(topic)
  assertUnreserved(topic)
}

/**
 * Checks a topic that may be one of the library's own.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` for all that {@link assertTopic} refuses but reserved names.
 */
export function assertAnyTopic(topic: unknown): asserts topic is string {
  assertName(topic)
  if (isPattern(topic)) throw invalid('must not have a `*`: an event has one topic, patterns are for subscribing')
}

/** Whether a topic, or the name of an event, is one that the library keeps for itself. */
export function isReserved(name: string): boolean {
  return name.startsWith(RESERVED_PREFIX)
}

/**
 * Checks what can be subscribed to: a topic, or a pattern, of which a part may be `*` for any one part, and the last
 * one `**` for one or more.
 *
 * @throws {SseError} `SSE_INVALID_FIELD` for all that {@link assertTopic} refuses but these, such as a `*` within a
 * part.
 */
export function assertPattern(pattern: unknown): asserts pattern is string {
  assertName(pattern)
  assertUnreserved(pattern)
  if (!isPattern(pattern)) return
  const parts = pattern.split('/')
  for (const [index, part] of parts.entries()) {
    if (part === '*' || !part.includes('*')) continue
    if (part !== '**') throw invalid('must have `*` as a whole part: within a part it stands for nothing')
    if (index !== parts.length - 1) throw invalid('must have `**` as its last part only')
  }
}

/** Whether it stands for more than one topic. Both kinds must have been checked before. */
export function isPattern(pattern: string): boolean {
  return pattern.includes('*')
}

/** Whether a pattern, or a topic as a pattern of itself, stands for a topic. Both must have been checked before. */
export function topicMatches(pattern: string, topic: string): boolean {
  if (!isPattern(pattern)) return pattern === topic
  const wanted = pattern.split('/')
  const parts = topic.split('/')
  for (const [index, part] of parts.entries()) {
    if (wanted[index] === '**') return true
    if (wanted[index] !== '*' && wanted[index] !== part) return false
  }
  return wanted.length === parts.length
}

/**
 * Finds the values whose patterns match a topic.
 *
 * Patterns without `*` are one look-up in a map, whatever else is in the index. The others form a tree, of which a
 * look-up sees each node at most once: however they are chosen, it costs no more than the parts of all of them
 * together.
 */
export class TopicIndex<T> {
  readonly #exact = new Map<string, Set<T>>()
  readonly #patterns = new PatternNode<T>()
  #size = 0

  /** How many pairs of a pattern and a value there are. */
  get size(): number {
    return this.#size
  }

  /** Adds a value under a pattern, which must have been checked; a pair that is there already is not added again. */
  add(pattern: string, value: T): void {
    const values = isPattern(pattern)
      ? this.#patterns.valuesOf(pattern)
      : entry(this.#exact, pattern, () => new Set<T>())
    if (values.has(value)) return
    values.add(value)
    this.#size++
  }

  /** Removes a pair; false if it was not there. Nothing stays of a pattern without values. */
  delete(pattern: string, value: T): boolean {
    const removed = isPattern(pattern)
      ? this.#patterns.remove(pattern.split('/'), 0, value)
      : this.#deleteExact(pattern, value)
    if (removed) this.#size--
    return removed
  }

  /**
   * Visits the value of every pair whose pattern matches the topic, in no certain order: a value that was added under
   * two matching patterns is visited twice. `visit` may add and delete: what it deletes is not visited after.
   */
  forEach(topic: string, visit: (value: T) => void): void {
    const exact = this.#exact.get(topic)
    if (exact !== undefined) for (const value of exact) visit(value)
    if (!this.#patterns.isEmpty) this.#patterns.visit(topic.split('/'), 0, visit)
  }

  #deleteExact(topic: string, value: T): boolean {
    const values = this.#exact.get(topic)
    const removed = values?.delete(value) ?? false
    if (values?.size === 0) this.#exact.delete(topic)
    return removed
  }
}

/**
 * The patterns that have the same parts up to here. 256 bytes have no more than 128 parts, so deep is not too deep.
 */
class PatternNode<T> {
  /**
   * By part, `*` and `**` among them: no part of a topic is called so. Made when needed: most nodes have one or the
   * other.
   */
  #children: Map<string, PatternNode<T>> | undefined
  /** Of the pattern that ends here. */
  #values: Set<T> | undefined

  get isEmpty(): boolean {
    return (this.#children?.size ?? 0) === 0 && (this.#values?.size ?? 0) === 0
  }

  valuesOf(pattern: string): Set<T> {
    let node: PatternNode<T> = this
    for (const part of pattern.split('/')) {
      node.#children ??= new Map()
      node = entry(node.#children, part, () => new PatternNode<T>())
    }
    node.#values ??= new Set()
    return node.#values
  }

  remove(parts: readonly string[], depth: number, value: T): boolean {
    const part = parts[depth]
    if (part === undefined) return this.#values?.delete(value) ?? false
    const child = this.#children?.get(part)
    if (child === undefined) return false
    const removed = child.remove(parts, depth + 1, value)
    if (child.isEmpty) this.#children?.delete(part)
    return removed
  }

  visit(parts: readonly string[], depth: number, visit: (value: T) => void): void {
    const part = parts[depth]
    if (part === undefined) {
      this.visitValues(visit)
      return
    }
    const children = this.#children
    if (children === undefined) return
    children.get('**')?.visitValues(visit)
    children.get(part)?.visit(parts, depth + 1, visit)
    children.get('*')?.visit(parts, depth + 1, visit)
  }

  visitValues(visit: (value: T) => void): void {
    if (this.#values !== undefined) for (const value of this.#values) visit(value)
  }
}

function entry<V>(map: Map<string, V>, key: string, create: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const created = create()
  map.set(key, created)
  return created
}

function partValue(value: unknown): string {
  const carriable = typeof value === 'string' || typeof value === 'bigint' || Number.isFinite(value)
  if (!carriable) throw invalid('can be made of strings, finite numbers and bigints only')
  const text = String(value)
  if (text === '') throw invalid('must not be made with an empty value')
  if (text.includes('/') || text.includes('*')) throw invalid('must not be made with a value that holds `/` or `*`')
  return text
}

function assertName(name: unknown): asserts name is string {
  if (typeof name !== 'string') throw invalid('must be a string')
  if (name === '' || exceedsBytes(name, MAX_TOPIC_BYTES)) throw invalid(`must have 1 to ${MAX_TOPIC_BYTES} bytes`)
  if (name.startsWith('/') || name.endsWith('/') || name.includes('//')) throw invalid('must not have an empty part')
  if (/\p{Cc}/u.test(name)) throw invalid('must not have a control character')
  if (!name.isWellFormed()) throw invalid('must be well-formed Unicode: it has a lone surrogate')
}

function assertUnreserved(name: string): void {
  if (isReserved(name)) throw invalid(`must not start with \`${RESERVED_PREFIX}\`, which is reserved`)
}

function invalid(problem: string): SseError {
  return new SseError('SSE_INVALID_FIELD', `\`topic\` ${problem}`)
}
