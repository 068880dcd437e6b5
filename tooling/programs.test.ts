import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { findCommand, findProgram, requireProgram } from './programs.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'programs-'))
  vi.stubEnv('PATH', ['', join(directory, 'missing'), directory].join(delimiter))
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true })
})

/** A context whose `skip` ends the test as vitest's does, by throwing. */
const context = {
  skip(note?: unknown): never {
    throw new Error(`skipped: ${note}`)
  },
}

describe('findProgram', () => {
  it('finds a program under any of its names', () => {
    const path = join(directory, 'google-chrome')
    writeFileSync(path, '#!/bin/sh\n', { mode: 0o755 })
    expect(findProgram('chromium')).toBe(path)
  })

  it('finds what Debian has for servers, which is in the PATH of root alone', () => {
    expect(findCommand('chroot')).toMatch(/\/sbin\/chroot$/)
  })

  it('finds nothing where `PATH` is empty', () => {
    vi.stubEnv('PATH', '')
    expect(findCommand('chroot')).toBeUndefined()
  })

  it('passes over a file that cannot be executed', () => {
    writeFileSync(join(directory, 'chromium'), '', { mode: 0o644 })
    expect(findProgram('chromium')).toBeUndefined()
  })
})

describe('requireProgram', () => {
  it('answers the path of a program that is there', () => {
    const path = join(directory, 'curl')
    writeFileSync(path, '#!/bin/sh\n', { mode: 0o755 })
    expect(requireProgram('curl', context)).toBe(path)
  })

  it('skips a test whose program is missing, naming what to install', () => {
    vi.stubEnv('CI', '')
    expect(() => requireProgram('chromium', context)).toThrow(/^skipped: install chromium \(.*apt-get install chromium/)
  })

  it('fails such a test where CI=true', () => {
    vi.stubEnv('CI', 'true')
    expect(() => requireProgram('chromium', context)).toThrow(/^install chromium .*nothing is skipped$/)
  })
})
