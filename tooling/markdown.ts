/** A fenced block of code. */
export interface CodeBlock {
  /** The first word after the fence, such as `ts`; empty if there is none. */
  readonly language: string
  /** The words after it: `run=/prices` is `run` with the value `/prices`, a word alone has an empty value. */
  readonly flags: ReadonlyMap<string, string>
  readonly code: string
  /** Where the code begins: the number of its first line in the text, counted from 1. */
  readonly line: number
}

/** Where a Markdown text leads. */
export interface Link {
  /** As it is written: an address, a path, or `#` and a heading. */
  readonly target: string
  /** Counted from 1. */
  readonly line: number
}

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*(.*)$/

interface OpenBlock {
  readonly fence: string
  readonly info: string
  readonly line: number
  readonly code: string[]
}

/** The fenced blocks of code of a Markdown text; one that is never closed goes to its end. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open: OpenBlock | undefined
  for (const [index, line] of [...markdown.split('\n'), undefined].entries()) {
    const [, fence = '', info = ''] = FENCE.exec(line ?? '') ?? []
    if (open === undefined) {
      if (fence !== '') open = { fence, info, line: index + 2, code: [] }
    } else if (line === undefined || (fence.startsWith(open.fence) && info === '')) {
      blocks.push({ ...readInfo(open.info), code: `${open.code.join('\n')}\n`, line: open.line })
      open = undefined
    } else open.code.push(line)
  }
  return blocks
}

function readInfo(info: string): Pick<CodeBlock, 'language' | 'flags'> {
  const [language = '', ...words] = info.trim().split(/\s+/)
  const flags = words.map((word): [string, string] => {
    const equals = word.indexOf('=')
    return equals < 0 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)]
  })
  return { language, flags: new Map(flags) }
}

/** The links, images and references of a Markdown text; those that stand in code are none. */
export function links(markdown: string): Link[] {
  const patterns = [
    /\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g,
    /^\s*\[[^\]]+\]:\s*<?([^\s>]+)/g,
    /\b(?:href|src)="([^"]+)"/g,
  ]
  return prose(markdown).flatMap((text, index) =>
    patterns.flatMap((pattern) =>
      Array.from(text.matchAll(pattern), ([, target = '']) => ({ target, line: index + 1 })),
    ),
  )
}

/** What `#…` may lead to in a Markdown text: its headings, named as GitHub and npm name them. */
export function anchors(markdown: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const line of prose(markdown, (code) => code)) {
    const [, heading] = /^#{1,6}\s+(.*?)\s*#*$/.exec(line) ?? []
    if (heading === undefined) continue
    const name = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    let unique = name
    for (let count = 1; found.has(unique); count++) unique = `${name}-${count}`
    found.add(unique)
  }
  return found
}

/** The lines of a text, with nothing where there are blocks of code, and `codeAs` of the code within a line. */
function prose(markdown: string, codeAs: (code: string) => string = () => ''): string[] {
  const lines = markdown.split('\n')
  for (const { line, code } of codeBlocks(markdown)) lines.fill('', line - 2, line - 1 + code.split('\n').length)
  return lines.map((line) => line.replace(/(`+)(.+?)\1/g, (_match, _ticks, code: string) => codeAs(code)))
}
