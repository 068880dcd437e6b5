// Runs turbo with the pnpm that package.json pins, which turbo wants to find on PATH: node scripts/turbo.mjs run build
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Starts turbo in the root of the workspace.
 *
 * @param {readonly string[]} args
 */
export function spawnTurbo(args) {
  const { packageManager } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return spawn('npx', ['--yes', '--prefer-offline', packageManager, 'exec', 'turbo', ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    // `npx` is a script on Windows, which only a shell can start.
    shell: process.platform === 'win32',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
  })
}

/**
 * Runs turbo to its end.
 *
 * @param {readonly string[]} args
 * @returns {Promise<number>} its exit code
 */
export function turbo(args) {
  return new Promise((resolve, reject) => {
    spawnTurbo(args)
      .once('error', reject)
      .once('close', (code) => resolve(code ?? 1))
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await turbo(process.argv.slice(2))
}
