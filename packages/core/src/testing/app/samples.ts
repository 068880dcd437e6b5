/**
 * Texts that are carried exactly or not at all: everything that a line or a byte may end at, and characters of one to
 * four bytes. What a client gets of CR and CRLF is LF, as the standard has it.
 */
export const HARD_TEXTS: readonly string[] = [
  'two\nlines',
  'carriage\rreturn\r\nboth',
  '\n\nblank lines\n\n',
  ' leading and trailing ',
  'id: 7\n\nevent: forged\ndata: x',
  ': no comment',
  '',
  'é ü ß',
  '€ 漢字 हिन्दी',
  '😀 👩‍👩‍👧',
  '\ufeffbyte order mark',
  '\u2028 line \u2029 paragraph \u0085 next line \v \f',
  '\0 nul \u0001 \u007f',
  ...codePoints(),
]

/** Every character there is of the first plane, and some of the others, a thousand at a time. */
function codePoints(): string[] {
  const texts: string[] = []
  for (let start = 0x20; start < 0x1_0000; start += 1_024) texts.push(textOf(start, start + 1_024))
  for (let start = 0x1_0000; start < 0x11_0000; start += 0x1_0000) texts.push(textOf(start, start + 64))
  return texts
}

function textOf(start: number, end: number): string {
  let text = ''
  for (let point = start; point < end; point++) {
    if (point < 0xd800 || point > 0xdfff) text += String.fromCodePoint(point)
  }
  return text
}
