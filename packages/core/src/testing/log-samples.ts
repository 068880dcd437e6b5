import type { LogEntry } from '../hub/log.ts'

/** An event that has this text. */
export function entryOf(text: string): LogEntry {
  return { topic: 'contract', event: 'message', data: text, raw: true }
}

/** So many events with the texts 0, 1, 2 and so on. */
export function numbered(count: number): LogEntry[] {
  return Array.from({ length: count }, (_, n) => entryOf(String(n)))
}

/** Events with whatever a hub lets through, in every field. */
export function hardEntries(): LogEntry[] {
  const plain = entryOf('plain')
  return [
    ...HARD_TEXTS.map((data) => ({ ...plain, data })),
    ...HARD_TEXTS.map((key) => ({ ...plain, key })),
    ...HARD_TEXTS.filter((text) => text !== '' && !/[\r\n]/.test(text)).map((event) => ({ ...plain, event })),
    ...HARD_TEXTS.filter((text) => text !== '' && !/[\p{Cc}/*]/u.test(text)).map((topic) => ({ ...plain, topic })),
    { ...plain, topic: 'a/b c/.../__proto__/;DROP' },
    { ...plain, topic: '€'.repeat(85) },
    { ...plain, topic: 'sse.own', event: 'sse.own' },
    { ...plain, data: '{"n":1}', raw: false },
    { ...plain, data: '{"n":1}', raw: true },
    { ...plain, data: 'null', raw: false, key: 'k' },
  ]
}

const HARD_TEXTS: readonly string[] = [
  '',
  ' ',
  ' led and trailed by blanks ',
  '0',
  'false',
  'undefined',
  '__proto__',
  'one\ntwo\r\nthree\rfour\n',
  '\n',
  '\r',
  'NUL \0 and \u0001 \u001b \u007f \u0085',
  '\u2028 \u2029 \u00a0',
  '\ufeffa byte order mark',
  'é € 😀 \u{10ffff} e\u0301',
  '"quotes" \\ \'and\' `more` $& %s %00 &amp; <b>',
  '*',
  '$',
  '>',
]

/** What clients may send as a position and no log has, some of it made of one that this log does have. */
export function hostileTexts(position: string): string[] {
  return [
    '',
    ' ',
    '-',
    '+',
    '*',
    '$',
    '>',
    '.',
    '\0',
    '\n',
    'é',
    '١',
    '１',
    '😀',
    '\ud800',
    '../1',
    '__proto__',
    'Infinity\n',
    ` ${position}`,
    `${position} `,
    `${position}\n`,
    `\n${position}`,
    `${position}\0`,
    `${position}.1`,
    `1.${position}`,
    `-${position}`,
    `+${position}`,
    `(${position}`,
    `${position.replace(/[0-9]/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)))}\uff10`,
    `${position}\n${position}`,
    '1'.repeat(129),
    '9'.repeat(1_000),
    'z'.repeat(100_000),
  ]
}
