import { SseError } from '@sse/core'
import { describe, expect, it } from 'vitest'
import { codeOf, isPassing, redisError } from './redis-error.ts'

describe('codeOf', () => {
  it('is the word that begins an error reply', () => {
    expect(codeOf(new Error('WRONGTYPE Operation against a key'))).toBe('WRONGTYPE')
    expect(codeOf(new Error('-LOADING Redis is loading'))).toBe('LOADING')
    expect(codeOf(new Error("OOM command not allowed when used memory > 'maxmemory'."))).toBe('OOM')
  })

  it('is found where Redis 6.2 has refused a command of a script', () => {
    const called = 'ERR Error running script (call to f_0a1b): @user_script:67: '
    expect(codeOf(new Error("@user_script: 106: -OOM command not allowed when used memory > 'maxmemory'."))).toBe('OOM')
    expect(codeOf(new Error(`${called}@user_script: 67: -READONLY You can't write against`))).toBe('READONLY')
    expect(codeOf(new Error(`${called}WRONGTYPE Operation against a key`))).toBe('WRONGTYPE')
    expect(codeOf(new Error(`${called}attempt to index a nil value`))).toBe('ERR')
  })

  it.each([
    'Socket closed unexpectedly',
    'Connection is closed.',
    'connect ECONNREFUSED 127.0.0.1:6379',
    'read ECONNRESET',
    'no answer within 4000 ms, so the connection is taken for broken',
    'The client is closed',
    '',
  ])('is none where a connection broke: %j', (message) => {
    expect(codeOf(new Error(message))).toBeUndefined()
  })

  it('is none of our own errors, nor of what is no error', () => {
    expect(codeOf(new SseError('SSE_LOG', 'OOM said before'))).toBeUndefined()
    expect(codeOf('OOM')).toBeUndefined()
  })
})

describe('isPassing', () => {
  it('tells what another master, or this one later, may take', () => {
    for (const code of ['READONLY', 'LOADING', 'MASTERDOWN', 'BUSY'])
      expect(isPassing(new Error(`${code} …`))).toBe(true)
    for (const code of ['OOM', 'WRONGTYPE', 'NOPERM', 'ERR']) expect(isPassing(new Error(`${code} …`))).toBe(false)
  })
})

describe('redisError', () => {
  it('names the engine, what is wrong, what to do, and what Redis said', () => {
    const cause = new Error("OOM command not allowed when used memory > 'maxmemory'.")
    expect(redisError('example.com:6379', cause)).toMatchObject({
      name: 'SseError',
      code: 'SSE_LOG',
      message:
        'Redis at example.com:6379: it has no memory left: raise `maxmemory`, or keep fewer events (`maxEvents`) ' +
        "(OOM command not allowed when used memory > 'maxmemory'.)",
      cause,
    })
  })

  it('tells by what is said where there is no code: what is too old, or too long', () => {
    const old = new Error('ERR Invalid stream ID specified as stream command argument')
    expect(redisError('a:1', old).message).toBe(`Redis at a:1: Redis 6.2 or later is needed (${old.message})`)
    const long = new Error('ERR Protocol error: invalid bulk length')
    expect(redisError('a:1', long).message).toContain('raise `proto-max-bulk-len`')
  })

  it('leaves alone what it does not know, and our own errors', () => {
    expect(redisError('a:1', new Error('read ECONNRESET')).message).toBe('Redis at a:1: read ECONNRESET')
    expect(redisError('a:1', 'gone').message).toBe('Redis at a:1: gone')
    const own = new SseError('SSE_LIMIT', 'too much')
    expect(redisError('a:1', own)).toBe(own)
  })
})
