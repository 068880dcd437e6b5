// Sees to the programs that some tests need and npm does not bring (tooling/programs.json). Debian's root gets them
// installed; anyone else is told what to install, and the tests that need them are skipped or, with CI=true, fail.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {{ readonly commands: readonly string[], readonly debian: readonly string[] }} Program */

/** @type {Readonly<Record<string, Program>>} */
const programs = JSON.parse(readFileSync(new URL('../tooling/programs.json', import.meta.url), 'utf8'))

/** Installs what is missing if this is Debian and we are root; says what to install otherwise. Never throws. */
export function provideSystemPrograms() {
  const missing = missingPrograms()
  if (missing.length === 0) return
  const packages = missing.flatMap(([, { debian }]) => debian)
  if (isDebianRoot() && install(packages) && missingPrograms().length === 0) return
  for (const [name, { debian }] of missingPrograms()) {
    console.warn(`Missing: ${name}. Tests that need it cannot run. On Debian: apt-get install ${debian.join(' ')}`)
  }
}

function missingPrograms() {
  return Object.entries(programs).filter(([, { commands }]) => !commands.some(isThere))
}

/**
 * Whether tooling/programs.ts would find it: on PATH, or where Debian has servers, which is on the PATH of root alone.
 *
 * @param {string} command
 */
function isThere(command) {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin']
  return directories.some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function isDebianRoot() {
  if (process.getuid?.() !== 0) return false
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

/**
 * @param {readonly string[]} packages
 * @returns {boolean} whether apt-get says that it succeeded
 */
function install(packages) {
  console.log(`Installing with apt-get: ${packages.join(' ')}`)
  return aptGet('update') && aptGet('install', '-y', '--no-install-recommends', ...packages)
}

/** @param {readonly string[]} args */
function aptGet(...args) {
  const { status } = spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  return status === 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) provideSystemPrograms()
