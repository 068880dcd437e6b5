/** The longest prompt, in characters. */
export const MAX_PROMPT = 2_000

/** Whether a value can be answered: the text to answer, or what is wrong with it, as the end of a sentence. */
export function checkPrompt(value: unknown): { readonly text: string } | { readonly problem: string } {
  if (typeof value !== 'string') return { problem: 'must be a string' }
  const text = value.trim()
  if (text === '') return { problem: 'must not be empty' }
  if (text.length > MAX_PROMPT) return { problem: `may have ${MAX_PROMPT} characters, not ${text.length}` }
  return { text }
}
