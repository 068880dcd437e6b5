import { readFileSync } from 'node:fs'
import { codeBlocks } from '@sse/tooling/markdown'

const README = new URL('../../../packages/core/README.md', import.meta.url)

/** The configuration that the documentation of `@sse/core` has for a proxy: its only block of code in that language. */
export function documented(language: 'nginx' | 'haproxy' | 'vcl'): string {
  const blocks = codeBlocks(readFileSync(README, 'utf8')).filter((block) => block.language === language)
  const [block] = blocks
  if (block === undefined || blocks.length > 1) throw new Error(`The README has ${blocks.length} blocks of ${language}`)
  return block.code
}

/** Replaces what stands in a text at least once; throws where it does not. */
export function replaced(text: string, what: string | RegExp, by: string): string {
  if (text.replaceAll(what, '\0') === text) throw new Error(`There is no ${what} in: ${text}`)
  return text.replaceAll(what, by)
}
