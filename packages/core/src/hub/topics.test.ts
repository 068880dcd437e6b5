import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertPattern, assertTopic, isPattern, TopicIndex, topic, topicMatches } from './topics.ts'

const refused = expect.objectContaining({ code: 'SSE_INVALID_FIELD', message: expect.stringContaining('`topic`') })
const LONGEST = `${'€'.repeat(85)}a`

describe('topic', () => {
  it('puts values into their parts', () => {
    expect(topic`users/${'ann'}/inbox`).toBe('users/ann/inbox')
    expect(topic`${'a'}/${1}-${2n}/${-0.5}`).toBe('a/1-2/-0.5')
    expect(topic`static`).toBe('static')
    expect(topic`users/${'a b.é😀__proto__'}`).toBe('users/a b.é😀__proto__')
  })

  it.each(['', '*', '**', 'a/b', '/', 'a*', '../x', 'a/*'])(
    'refuses the value %j, which would leave its part',
    (value) => {
      expect(() => topic`users/${value}/inbox`).toThrow(refused)
      expect(() => topic`user-${value}`).toThrow(refused)
    },
  )

  it.each([undefined, null, true, {}, ['a'], Number.NaN, Number.POSITIVE_INFINITY, Symbol('s')])(
    'refuses %s',
    (value) => {
      expect(() => topic`users/${value as string}`).toThrow(refused)
    },
  )

  it('refuses what no topic may be, whoever wrote it', () => {
    for (const value of ['a\nb', '\0', '\x7f', '\x85', '\ud800', LONGEST])
      expect(() => topic`u/${value}`).toThrow(refused)
    expect(() => topic`${'sse.disconnect'}`).toThrow(refused)
    expect(() => topic`sse.${'a'}`).toThrow(refused)
    expect(() => topic`a//${'b'}`).toThrow(refused)
    expect(() => topic`a/${'b'}/`).toThrow(refused)
    expect(() => topic`\u{}${'b'}`).toThrow(refused)
  })

  it('may be a pattern around its values', () => {
    expect(topic`users/${'ann'}/*`).toBe('users/ann/*')
    expect(topic`users/${'ann'}/**`).toBe('users/ann/**')
    expect(() => topic`users/${'ann'}*`).toThrow(refused)
  })

  it('keeps a value from outside in its part, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('*', '/', 'a', '.', '\n', 'é', '\ud800'), maxLength: 4 }),
        (value) => {
          let made: string
          try {
            made = topic`users/${value}/inbox`
          } catch {
            return
          }
          expect(made.split('/')).toEqual(['users', value, 'inbox'])
          expect(isPattern(made)).toBe(false)
        },
      ),
    )
  })
})

describe('assertTopic', () => {
  it.each(['a', 'stocks/AAPL', ' ', 'a b/c', '.', 'a/sse.b', 'sse', '__proto__/constructor', LONGEST, 'a'.repeat(256)])(
    'takes %j',
    (name) => {
      expect(() => assertTopic(name)).not.toThrow()
    },
  )

  it.each([
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '*',
    'a/*',
    'a*b',
    'a/**',
    'a\0',
    'a\n',
    '\x1f',
    '\x7f',
    '\x80',
    '\x9f',
    'a\ud800',
    'sse.',
    'sse.gap',
    'sse.a/b',
    'a'.repeat(257),
    `${LONGEST}a`,
  ])('refuses %j', (name) => {
    expect(() => assertTopic(name)).toThrow(refused)
  })

  it('refuses a million characters', () => {
    expect(() => assertTopic('a'.repeat(1e6))).toThrow(refused)
  })

  it.each([undefined, null, 1, {}, ['a'], new String('a')])('refuses %s, which is no string', (name) => {
    expect(() => assertTopic(name)).toThrow(refused)
  })
})

describe('assertPattern', () => {
  it.each(['a', 'a/b', '*', '**', '*/b', 'a/*/c', '*/*', 'a/**', '*/**', 'a/*/**'])('takes %j', (pattern) => {
    expect(() => assertPattern(pattern)).not.toThrow()
  })

  it.each([
    'a*',
    '*a',
    'a/b*c',
    '***',
    '**/a',
    'a/**/b',
    '**/**',
    '**/*',
    'a/***',
    '',
    '/',
    '*/',
    '/*',
    '*//*',
    'sse.*',
    '*\n',
    1,
  ])('refuses %j', (pattern) => {
    expect(() => assertPattern(pattern)).toThrow(refused)
  })

  it('refuses a pattern of more than 256 bytes', () => {
    expect(() => assertPattern(`${'a'.repeat(253)}/**`)).not.toThrow()
    expect(() => assertPattern(`${'a'.repeat(254)}/**`)).toThrow(refused)
  })
})

describe('topicMatches', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', 'a/b', false],
    ['a/b', 'a', false],
    ['*', 'a', true],
    ['*', 'a/b', false],
    ['*/b', 'a/b', true],
    ['*/b', 'a/c', false],
    ['a/*', 'a', false],
    ['a/*', 'a/b', true],
    ['a/*', 'a/b/c', false],
    ['a/*/c', 'a/b/c', true],
    ['a/*/c', 'a/b/d', false],
    ['**', 'a', true],
    ['**', 'a/b/c', true],
    ['a/**', 'a', false],
    ['a/**', 'a/b', true],
    ['a/**', 'a/b/c/d', true],
    ['a/**', 'b/c', false],
    ['*/**', 'a', false],
    ['*/**', 'a/b', true],
    ['a/*/**', 'a/b', false],
    ['a/*/**', 'a/b/c/d', true],
    ['AAPL', 'aapl', false],
  ])('%s against %s is %s', (pattern, name, expected) => {
    expect(topicMatches(pattern, name)).toBe(expected)
  })

  it('agrees with a regular expression', () => {
    fc.assert(
      fc.property(anyPattern(), anyTopic(), (pattern, name) => {
        const expression = pattern.replaceAll('**', '.+').replaceAll('*', '[^/]+').replaceAll('.[^/]+', '.+')
        expect(topicMatches(pattern, name)).toBe(new RegExp(`^${expression}$`).test(name))
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('TopicIndex', () => {
  it('finds what matches, and keeps count, through any adding and deleting', () => {
    const step = fc.record({
      isAdd: fc.boolean(),
      pattern: fc.oneof(anyPattern(), anyTopic()),
      value: fc.nat({ max: 3 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(anyTopic(), { maxLength: 8 }), (steps, topics) => {
        const index = new TopicIndex<number>()
        const model = new Map<string, readonly [pattern: string, value: number]>()
        for (const { isAdd, pattern, value } of steps) {
          const key = `${pattern} ${value}`
          if (isAdd) index.add(pattern, value)
          else expect(index.delete(pattern, value)).toBe(model.has(key))
          if (isAdd) model.set(key, [pattern, value])
          else model.delete(key)
          expect(index.size).toBe(model.size)
        }
        for (const name of topics) {
          const expected = [...model.values()]
            .filter(([pattern]) => topicMatches(pattern, name))
            .map(([, value]) => value)
          expect(found(index, name)).toEqual(expected.sort())
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('visits a value for every one of its patterns that match', () => {
    const index = new TopicIndex<string>()
    for (const pattern of ['a/b', 'a/*', '*/b', 'a/**', '**']) index.add(pattern, 'x')
    index.add('a/b', 'x')
    expect(index.size).toBe(5)
    expect(found(index, 'a/b')).toEqual(['x', 'x', 'x', 'x', 'x'])
  })

  it('takes parts named like the properties of objects for names', () => {
    const index = new TopicIndex<string>()
    for (const name of ['__proto__', 'constructor', 'toString', '__proto__/*', '*/__proto__']) index.add(name, name)
    expect(found(index, '__proto__')).toEqual(['__proto__'])
    expect(found(index, 'hasOwnProperty')).toEqual([])
    expect(found(index, '__proto__/__proto__')).toEqual(['*/__proto__', '__proto__/*'])
  })

  it('[H12] keeps nothing of patterns that came and went', () => {
    const index = new TopicIndex<number>()
    const before = heapUsed()
    for (let n = 0; n < 20_000; n++) {
      const patterns = [`a/${n}`, `a/${n}/*`, `*/${n}/b/**`]
      for (const pattern of patterns) index.add(pattern, n)
      expect(index.delete(`a/${n}`, n + 1)).toBe(false)
      expect(index.delete(`a/${n}/*/c`, n)).toBe(false)
      for (const pattern of patterns) expect(index.delete(pattern, n)).toBe(true)
    }
    for (let n = 0; n < 100_000; n++) {
      index.add(`exact/${n}`, n)
      index.delete(`exact/${n}`, n)
    }
    // To keep the nodes, or the sets of exact topics, would take more than 15 MB.
    expect(heapUsed() - before).toBeLessThan(5e6)
    expect(index.size).toBe(0)
  })

  it('does not visit what a visit has deleted', () => {
    const index = new TopicIndex<string>()
    const visited: string[] = []
    for (const value of ['one', 'two']) for (const pattern of ['a', '*']) index.add(pattern, value)
    index.forEach('a', (value) => {
      visited.push(value)
      for (const pattern of ['a', '*']) index.delete(pattern, value === 'one' ? 'two' : 'one')
    })
    expect(visited).toEqual(['one', 'one'])
  })

  it('takes no longer for patterns chosen to be hard than they have parts', () => {
    const index = new TopicIndex<number>()
    // All agree with the topic in all parts but the last, with every mixture of `*` in the first ten.
    for (let bits = 0; bits < 2 ** 10; bits++) {
      const first = Array.from({ length: 10 }, (_, n) => ((bits >> n) % 2 === 0 ? 'a' : '*'))
      index.add([...first, ...Array(100).fill('*'), 'b'].join('/'), bits)
    }
    const start = performance.now()
    for (let n = 0; n < 5; n++) expect(found(index, Array(111).fill('a').join('/'))).toEqual([])
    expect(performance.now() - start).toBeLessThan(2_000)
    expect(found(index, [...Array(110).fill('a'), 'b'].join('/'))).toHaveLength(2 ** 10)
  })
})

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

function found<T>(index: TopicIndex<T>, name: string): T[] {
  const values: T[] = []
  index.forEach(name, (value) => values.push(value))
  return values.sort()
}

function anyTopic(): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
}

function anyPattern(): fc.Arbitrary<string> {
  const parts = fc.array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 4 })
  return fc.tuple(parts, fc.boolean()).map(([some, isOpen]) => [...some, ...(isOpen ? ['**'] : [])].join('/'))
}
