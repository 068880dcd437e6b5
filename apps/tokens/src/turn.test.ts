import { describe, expect, it } from 'vitest'
import { Turn, type WireEvent } from '../public/turn.js'

const BEGUN: WireEvent = { name: 'begun', data: { id: 'a', prompt: 'Why?', model: 'polly-1' }, id: 'e.1' }

describe('Turn', () => {
  function token(n: number): WireEvent {
    return { name: 'token', data: { n, text: `${n} ` }, id: `e.${n + 1}` }
  }

  /** A turn that was asked for and has so many tokens. */
  function turnWith(tokens: number): Turn {
    const turn = Turn.from({ prompt: 'Why?' })
    turn.asked(0)
    turn.take(BEGUN, 5)
    for (let n = 1; n <= tokens; n++) turn.take(token(n), 100 * n)
    return turn
  }

  const notesOf = ({ notes }: Turn) => notes.map(({ text }) => text)

  it('takes token after token', () => {
    const turn = turnWith(3)
    expect(turn).toMatchObject({
      id: 'a',
      state: 'running',
      text: '1 2 3 ',
      lastEventId: 'e.4',
      missing: 0,
      doubled: 0,
    })
    expect(turn.arrivals).toEqual(['live', 'live', 'live'])
  })

  it('knows how fast they come', () => {
    const turn = turnWith(1)
    expect(turn.firstTokenAfter).toBe(100)
    expect(turn.rate).toBeUndefined()
    turn.take(token(2), 150)
    turn.take(token(3), 200)
    expect(turn.rate).toBe(20)
  })

  it('leaves out of the rate what was replayed, and the pause before', () => {
    const turn = turnWith(2)
    turn.resumed(4)
    for (const n of [3, 4]) turn.take(token(n), 9_000)
    turn.take(token(5), 9_100)
    expect(turn.rate).toBe(10)
    turn.take(token(6), 9_200)
    expect(turn.rate).toBe(10)
  })

  it('tells of a resumed answer when it has caught up', () => {
    const turn = turnWith(2)
    turn.cut('You cut the connection')
    turn.resumed(4)
    turn.take(token(3), 0)
    expect(notesOf(turn)).toEqual(['polly-1 began an answer.', 'You cut the connection after token 2.'])
    turn.take(token(4), 0)
    turn.take(token(5), 0)
    expect(notesOf(turn).at(-1)).toBe(
      'Same answer, resumed after token 2: 2 tokens replayed, none missing, none doubled.',
    )
    expect(turn.arrivals).toEqual(['live', 'live', 'replayed', 'replayed', 'live'])
    expect(turn.seams).toEqual([2])
  })

  it('tells of it at once where nothing was written meanwhile', () => {
    const turn = turnWith(2)
    turn.resumed(2)
    expect(notesOf(turn).at(-1)).toContain('resumed after token 2: 0 tokens replayed')
  })

  it('counts what is missing and what is doubled, and tells of it', () => {
    const turn = turnWith(2)
    turn.resumed(5)
    for (const n of [2, 4, 5]) turn.take(token(n), 0)
    expect(turn).toMatchObject({ missing: 1, doubled: 1, text: '1 2 4 5 ' })
    expect(turn.tokens).toHaveLength(5)
    expect(notesOf(turn).at(-1)).toContain('3 tokens replayed, 1 token missing, 1 token doubled.')
  })

  it.each([
    [{ name: 'done', data: { tokens: 2 } }, 'done', 'Done: 2 tokens.'],
    [{ name: 'stopped', data: { tokens: 2, reason: 'reader' } }, 'stopped', 'Stopped: the model’s work was aborted.'],
    [{ name: 'failed', data: { tokens: 2 } }, 'failed', 'The model failed.'],
  ] as const)('ends with $0.name', (event, state, note) => {
    const turn = turnWith(2)
    turn.take(event, 0)
    expect(turn.state).toBe(state)
    expect(turn.isOpen).toBe(false)
    expect(notesOf(turn).at(-1)).toBe(note)
  })

  it('tells of a gap', () => {
    const turn = turnWith(1)
    turn.take({ name: 'sse.gap', data: { reason: 'trimmed' } }, 0)
    expect(notesOf(turn).at(-1)).toContain('gap (trimmed)')
  })

  it('is gone when the server does not have it any more, and failed when it never had', () => {
    const turn = turnWith(1)
    turn.refused('There is no such answer')
    expect(turn.state).toBe('gone')
    const unasked = Turn.from({ prompt: '' })
    unasked.refused('The prompt is empty')
    expect(unasked.state).toBe('failed')
  })

  it('goes on where it was after it was written to JSON', () => {
    const turn = Turn.from(JSON.parse(JSON.stringify(turnWith(2))))
    turn.resumed(3)
    turn.take(token(3), 0)
    turn.take(token(4), 0)
    expect(turn).toMatchObject({ text: '1 2 3 4 ', lastEventId: 'e.5', seams: [2], missing: 0, doubled: 0 })
    expect(turn.firstTokenAfter).toBe(100)
  })
})
