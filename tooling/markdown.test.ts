import { describe, expect, it } from 'vitest'
import { anchors, codeBlocks, links } from './markdown.ts'

describe('codeBlocks', () => {
  it('finds each block with its language, its words and its place', () => {
    const text = [
      '# Title',
      '',
      '```ts run=/a?b=c frame',
      'const a = 1',
      '',
      'const b = 2',
      '```',
      '~~~',
      'x',
      '~~~',
    ].join('\n')
    expect(codeBlocks(text)).toEqual([
      {
        language: 'ts',
        flags: new Map(Object.entries({ run: '/a?b=c', frame: '' })),
        code: 'const a = 1\n\nconst b = 2\n',
        line: 4,
      },
      { language: '', flags: new Map(), code: 'x\n', line: 9 },
    ])
  })

  it('ends a block at a fence of its own kind, as long as its own', () => {
    expect(codeBlocks('````md\n```ts\n```\n````\n').map(({ code }) => code)).toEqual(['```ts\n```\n'])
    expect(codeBlocks('```\n~~~\n```ts\n```').map(({ code }) => code)).toEqual(['~~~\n```ts\n'])
  })

  it('takes a block that is never closed to the end', () => {
    expect(codeBlocks('```ts\nlet a').map(({ code }) => code)).toEqual(['let a\n'])
  })
})

describe('links', () => {
  it('finds links, images, references and addresses in HTML, with their lines', () => {
    const text = 'a [b](c.md) and ![d](e.png "title")\n\n[f]: ./g.md#h\n<img src="i.svg"> [j](<k l.md>)'
    expect(links(text)).toEqual([
      { target: 'c.md', line: 1 },
      { target: 'e.png', line: 1 },
      { target: './g.md#h', line: 3 },
      { target: 'i.svg', line: 4 },
    ])
  })

  it('passes over code', () => {
    expect(links('`[a](b)` ``[`c`](d)``\n```\n[e](f)\n```\n[g](h)')).toEqual([{ target: 'h', line: 5 }])
  })
})

describe('anchors', () => {
  it('names headings as GitHub does', () => {
    const text = '# A `b.ts` & c\n## [Link](x.md), über\n## Same\n## Same\n```sh\n# no heading\n```\n'
    expect([...anchors(text)]).toEqual(['a-bts--c', 'link-über', 'same', 'same-1'])
  })
})
