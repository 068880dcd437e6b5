import { CLOSINGS, LEADS, OPENINGS, POINTS, REMARKS, STEPS, VERSES, WORDS } from './phrases.ts'
import type { Random } from './random.ts'
import { type Subject, subjectOf } from './subject.ts'

/** Writes an answer to any prompt, in Markdown. It knows nothing, and says it fluently. */
export function compose(prompt: string, random: Random): string {
  const subject = subjectOf(prompt)
  return FORMS[subject.form](random, subject).replaceAll(/\{(\w+)\}/g, (slot, name: string) => {
    if (name === 'main' || name === 'other') return subject[name]
    return isWordList(name) ? oneOf(WORDS[name], random) : slot
  })
}

/** Words that name nothing in JavaScript, or that mean nothing here. */
const RESERVED = new Set([
  'case',
  'class',
  'delete',
  'else',
  'export',
  'import',
  'new',
  'null',
  'return',
  'this',
  'throw',
  'void',
])

const FORMS: Readonly<Record<Subject['form'], (random: Random, subject: Subject) => string>> = {
  prose(random) {
    const remarks = random.sample(REMARKS, 7)
    const points = random.sample(POINTS, 3).map((point) => `- ${point}`)
    return [
      `${oneOf(OPENINGS, random)} ${remarks.slice(0, 2).join(' ')}`,
      remarks.slice(2, 5).join(' '),
      `${oneOf(LEADS, random)}\n\n${points.join('\n')}`,
      `${remarks.slice(5).join(' ')} ${oneOf(CLOSINGS, random)}`,
    ].join('\n\n')
  },

  steps(random) {
    const steps = [...STEPS.slice(0, 1), ...random.sample(STEPS.slice(1, -1), 3), ...STEPS.slice(-1)]
    return [
      `${oneOf(OPENINGS, random)} ${oneOf(REMARKS, random)}`,
      `## Five steps to {main}\n\n${steps.map((step, i) => `${i + 1}. ${step}`).join('\n')}`,
      `${random.sample(REMARKS, 2).join(' ')} ${oneOf(CLOSINGS, random)}`,
    ].join('\n\n')
  },

  code(random, { main, other }) {
    const name = identifierOf(other, 'solve')
    const input = identifierOf(main, 'input')
    return [
      oneOf(OPENINGS, random),
      `\`\`\`js\nexport function ${name}(${input}) {\n  if (${input} === undefined) return []\n  return Array.from(${input})\n` +
        '    .filter((item) => item !== null)\n    .map((item, index) => ({ item, index }))\n}\n```',
      `The call to \`filter\` is there for {force}: without it, \`${name}\` would return a {thing}. ` +
        random.sample(REMARKS, 3).join(' '),
      oneOf(CLOSINGS, random),
    ].join('\n\n')
  },

  verse(random) {
    const second = VERSES.slice(4)
    const after = `*(${oneOf(['Rhymes', 'Metre', 'Truth'], random)} not guaranteed.)* ${oneOf(CLOSINGS, random)}`
    return [VERSES.slice(0, 4).join('\n'), second.join('\n'), after].join('\n\n')
  },
}

function oneOf(list: readonly string[], random: Random): string {
  return random.sample(list, 1).join('')
}

function isWordList(name: string): name is keyof typeof WORDS {
  return Object.hasOwn(WORDS, name)
}

function identifierOf(word: string, fallback: string): string {
  return /^[a-z]{2,}$/i.test(word) && !RESERVED.has(word.toLowerCase()) ? word.toLowerCase() : fallback
}
