/**
 * What a reader may choose, and the topics it stands for. The names come from outside, the topics never do: a name that
 * is not here is nobody's.
 */
export const filters: ReadonlyMap<string, readonly string[]> = new Map([
  ['front', ['news/*']],
  ['everything', ['news/**']],
  ['world', ['news/world']],
  ['business', ['news/business']],
  // `**` is one part or more, so the section itself stands beside it.
  ['science', ['news/science', 'news/science/**']],
  ['space', ['news/science/space']],
  ['nature', ['news/science/nature']],
  ['sport', ['news/sport']],
  ['culture', ['news/culture', 'news/culture/**']],
  ['books', ['news/culture/books']],
])

/**
 * The topics of all filters that were chosen; of none, those of the front page.
 *
 * @returns `undefined` if one of them is unknown.
 */
export function topicsOf(chosen: readonly string[]): readonly string[] | undefined {
  const topics = new Set<string>()
  for (const name of chosen.length > 0 ? chosen : ['front']) {
    const added = filters.get(name)
    if (added === undefined) return undefined
    for (const topic of added) topics.add(topic)
  }
  return [...topics]
}
