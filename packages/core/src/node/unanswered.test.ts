import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { addressOf, readUnanswered, type Unanswered } from './unanswered.ts'

const HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
/** As Linux 6.18 wrote them, of peers that answer, that have not for 13 seconds, that never will, and of a listener. */
const LISTENS =
  '   0: 00000000:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31232076 1 0 100 0 0 10 0'
const IDLE =
  '   1: 01004D0A:2328 02004D0A:DBB6 01 00000000:00000000 02:00000021 00000000     0        0 31231479 2 00000000 20 4 30 10 -1'
const SENT =
  '   2: 01004D0A:2328 02004D0A:DBB7 01 0000008D:00000000 01:00000012 00000000     0        0 31231477 2 00000000 20 4 30 10 -1'
const GONE =
  '   3: 01004D0A:2328 02004D0A:DBA8 01 00000223:00000000 01:0000050D 00000006     0        0 31231480 3 000000008bac75c8 1305 4 30 1 7'
const ENDED =
  '   4: 01004D0A:2328 02004D0A:DBA9 04 00000223:00000000 01:0000050D 00000006     0        0 0 3 000000008bac75c8 1305 4 30 1 7'
const FULL =
  '   5: 01004D0A:2328 02004D0A:DBAA 01 00000223:00000000 04:0000050D 00000000     0        6 31231480 3 000000008bac75c8 1305 4 30 1 7'

describe('readUnanswered', () => {
  it('tells of peers that what was sent again was sent to in vain, and for how long', async () => {
    const text = [HEADER, LISTENS, IDLE, SENT, GONE, ENDED, FULL, ''].join('\n')
    for (const size of [1, 7, text.length]) {
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
      const found = await all(pieces)
      expect(found).toEqual([
        { local: 9000, remote: 56232, address: addressOf('10.77.0.2'), ms: expect.closeTo(12_966, 0) },
      ])
    }
  })

  it('makes nothing of what is no such table', async () => {
    expect(await all(['\0\n', 'a: b c d\n', '1: 2'])).toEqual([])
  })
})

describe('addressOf', () => {
  it.each([
    ['127.0.0.1', ['7F000001']],
    ['::ffff:10.77.0.2', ['00000000', '00000000', '0000FFFF', '0A4D0002']],
    ['::1', ['00000000', '00000000', '00000000', '00000001']],
    ['2001:db8::a:1', ['20010DB8', '00000000', '00000000', '000A0001']],
    ['fe80::1%eth0', ['FE800000', '00000000', '00000000', '00000001']],
    ['1:2:3:4:5:6:7:8', ['00010002', '00030004', '00050006', '00070008']],
  ])('writes %s as the tables do', (text, words) => {
    const swap = (word: string): string => (word.match(/../g) ?? []).reverse().join('')
    const isLittle = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
    expect(addressOf(text)).toBe(words.map((word) => (isLittle ? swap(word) : word)).join(''))
  })
})

async function all(pieces: readonly string[]): Promise<Unanswered[]> {
  const found: Unanswered[] = []
  for await (const one of readUnanswered(Readable.from(pieces))) found.push(one)
  return found
}
