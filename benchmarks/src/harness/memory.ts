import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Resident memory in bytes once garbage is collected and the figure has come to rest. Needs `--expose-gc`. */
export async function settledMemory(): Promise<number> {
  let last = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 20; attempt++) {
    globalThis.gc?.()
    await sleep(100)
    const now = process.memoryUsage.rss()
    if (Math.abs(now - last) < 0.002 * now) return now
    last = now
  }
  return last
}

/**
 * The most memory this process has ever had resident, in bytes, kept by the kernel: no sampling can miss it.
 * `maxRSS` of `process.resourceUsage()` is only asked where there is no `/proc`: on Linux it starts at what the
 * *parent* had when it forked.
 */
export function peakMemory(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kibibytes) * 1024
}
