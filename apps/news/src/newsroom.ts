import { type Desk, desks, type Template, words } from './phrases.ts'
import { seededRandom } from './random.ts'

/** One story as readers get it. */
export interface Story {
  /** The section and, beneath it, the desk: the part of its topic after `news/`. */
  readonly desk: Desk
  readonly headline: string
  /** The sentence under the headline. */
  readonly standfirst: string
  readonly author: string
  /** When it was filed, in milliseconds since the Unix epoch; no two stories have the same moment. */
  readonly at: number
}

/** A newsroom that never runs out of news, none of which has happened. */
export interface Newsroom {
  readonly seed: number
  /** When the newest story was filed; 0 before the first. */
  readonly newest: number
  /**
   * Writes the next story.
   *
   * @param at the moment, in milliseconds since the Unix epoch; one that is not after the story before is moved there.
   * @param desk of whom; drawn if not given.
   */
  write(at: number, desk?: Desk): Story
}

/** How many headlines have to pass before one may come again. */
const MEMORY = 150
/** A desk that can think of nothing else may repeat itself after so many drafts. */
const MAX_DRAFTS = 25

/** Sections write more often than the desks beneath them. */
const ROTA = [
  ...(['world', 'business', 'science', 'sport', 'culture'] as const),
  ...(['world', 'business', 'sport', 'culture'] as const),
  ...(['science/space', 'science/nature', 'culture/books'] as const),
] as const

/** Opens a newsroom. Two with one seed write the same stories in the same order, for ever. */
export function createNewsroom({ seed }: { readonly seed: number }): Newsroom {
  const random = seededRandom(seed)
  const decks = new Map<Desk, Template[]>()
  const recent: string[] = []
  let newest = 0

  function draft(desk: Desk): Omit<Story, 'at'> {
    const { headline, standfirst } = nextTemplate(desk)
    return { desk, headline: filled(headline), standfirst: filled(standfirst), author: random.pick(words.author) }
  }

  /** Dealt like cards, so that no two stories of a kind follow each other closely. */
  function nextTemplate(desk: Desk): Template {
    const deck = decks.get(desk) ?? []
    if (deck.length === 0) deck.push(...desks[desk])
    decks.set(desk, deck)
    const [template] = deck.splice(random.integer(0, deck.length - 1), 1)
    return template ?? desks[desk][0]
  }

  function filled(text: string): string {
    const full = text.replace(/\{([^}]+)\}/g, (_, slot: string) => draw(slot))
    return full.charAt(0).toUpperCase() + full.slice(1)
  }

  function draw(slot: string): string {
    const range = /^(\d+)-(\d+)$/.exec(slot)
    if (range !== null) return numeral(random.integer(Number(range[1]), Number(range[2])))
    if (isWord(slot)) return random.pick(words[slot])
    const [first = '', ...others] = slot.split('|')
    return random.pick([first, ...others])
  }

  return {
    seed,
    get newest() {
      return newest
    },
    write(at, desk = random.pick(ROTA)) {
      let story = draft(desk)
      for (let drafts = 1; drafts < MAX_DRAFTS && recent.includes(story.headline); drafts++) story = draft(desk)
      recent.push(story.headline)
      if (recent.length > MEMORY) recent.shift()
      newest = Math.max(at, newest + 1)
      return { ...story, at: newest }
    },
  }
}

/** With a comma in large numbers, but not in years. */
function numeral(value: number): string {
  return value > 2_100 ? value.toLocaleString('en') : String(value)
}

function isWord(slot: string): slot is keyof typeof words {
  return Object.hasOwn(words, slot)
}
