import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os'

/** Where something was measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly kernel: string
  readonly node: string
  /** Processes that wanted to run in the last minute before the measurement: above 0.5 the figures are noisy. */
  readonly load: number
}

/** This machine, now. */
export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
  }
}

/** The installed version of a package, or `not installed`. */
export function versionOf(name: string): string {
  const path = findPackageJSON(name, import.meta.url)
  if (path === undefined) return 'not installed'
  const { version }: { version: string } = JSON.parse(readFileSync(path, 'utf8'))
  return version
}

/** How many files a process may have open, each connection being one. Node raises its own soft limit to the hard one. */
export function openFilesLimit(): number {
  const report: { userLimits?: { open_files?: { hard?: number | string } } } = JSON.parse(
    JSON.stringify(process.report.getReport()),
  )
  const limit = report.userLimits?.open_files?.hard
  return typeof limit === 'number' ? limit : Number.POSITIVE_INFINITY
}
