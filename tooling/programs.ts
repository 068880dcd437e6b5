import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'vitest'
import programs from './programs.json' with { type: 'json' }

/** A program that some tests need and npm does not bring. */
export type ProgramName = keyof typeof programs

/** Where Debian has servers, which is in the `PATH` of root alone. */
const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin']

/** The path of a program, or `undefined` if no directory of `PATH`, nor one for servers, holds it. */
export function findProgram(name: ProgramName): string | undefined {
  for (const command of programs[name].commands) {
    const path = findCommand(command)
    if (path !== undefined) return path
  }
  return undefined
}

/** The path of a command, or `undefined` if no directory of `PATH`, nor one for servers, holds it. */
export function findCommand(command: string): string | undefined {
  const { PATH = '' } = process.env
  // Whoever has emptied it wants nothing to be found.
  const directories = PATH === '' ? [] : [...PATH.split(delimiter), ...SYSTEM_DIRECTORIES]
  for (const directory of directories) {
    const path = join(directory, command)
    if (isExecutable(path)) return path
  }
  return undefined
}

/**
 * The path of a program that a test cannot do without.
 *
 * Where it is missing, the test is skipped with a note that names what to install. With `CI=true` it fails instead.
 *
 * @param context the context of the test, or of a `beforeEach`
 */
export function requireProgram(name: ProgramName, context: Pick<TestContext, 'skip'>): string {
  const path = findProgram(name)
  if (path !== undefined) return path
  const note = howToInstall(name)
  if (process.env.CI === 'true') throw new Error(`${note}: with CI=true nothing is skipped`)
  return context.skip(note)
}

/** What to say where a program is missing. */
export function howToInstall(name: ProgramName): string {
  return `install ${name} (Debian: apt-get install ${programs[name].debian.join(' ')})`
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
