import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Each version of Node on this machine that the packages promise to run on (≥ 20.19), and its program; this one is first. */
export function findNodes(): ReadonlyMap<string, string> {
  const found = new Map([[process.versions.node, process.execPath]])
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const node = join(directory, 'node')
    if (!existsSync(node)) continue
    const version = execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim()
    const [major = 0, minor = 0] = version.split('.').map(Number)
    if (major > 20 || (major === 20 && minor >= 19)) found.set(version, found.get(version) ?? node)
  }
  return found
}
