import { describe, expect, it } from 'vitest'
import { MAX_TOKENS } from './answer.ts'
import { compose } from './compose.ts'
import { hashOf, seededRandom } from './random.ts'
import { tokenize } from './tokenize.ts'

const PROMPTS = [
  'Why do cats purr?',
  'How do I tune a piano?',
  'Write a function that sorts penguins',
  'A poem about the night bus',
  '???',
  '{main} {other} $& constructor',
]

describe('compose', () => {
  const answer = (prompt: string) => compose(prompt, seededRandom(hashOf(prompt)))

  it.each(PROMPTS)('answers %j with some paragraphs, and no slot left open', (prompt) => {
    const text = answer(prompt)
    expect(text.split('\n\n').length).toBeGreaterThan(2)
    expect(text).not.toMatch(/\{(force|thing|maker|quality|trait)\}/)
    expect(tokenize(text).length).toBeGreaterThan(60)
    expect(tokenize(text).length).toBeLessThan(MAX_TOKENS)
  })

  it('takes the words of the prompt as they are', () => {
    expect(answer('Why do cats purr?')).toContain('cats')
    expect(answer('Why do $& purr?')).not.toContain('{')
  })

  it('says other things of other prompts, and the same of the same', () => {
    expect(new Set(PROMPTS.map(answer)).size).toBe(PROMPTS.length)
    expect(answer('Why do cats purr?')).toBe(answer('Why do cats purr?'))
  })

  it.each([
    ['How do I tune a piano?', /^## Five steps to piano\n\n1\. .+\n2\. .+\n3\. .+\n4\. .+\n5\. /m],
    ['Write a function that sorts penguins', /^```js\nexport function sorts\(penguins\) \{[^`]+\}\n```$/m],
    ['A function that deletes a class', /function deletes\(input\)/],
    ['A poem about the night bus', /^.+ bus,\nand night .+;\n/],
    ['Why do cats purr?', /^- \*\*.+\n- \*\*.+\n- \*\*/m],
  ])('answers %j in the form that it asks for', (prompt, form) => {
    expect(answer(prompt)).toMatch(form)
  })
})
