import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os'

/** Where something was measured, in one line. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${model}, ${availableParallelism()} cores, ${memory} GiB, ${platform()} ${release()} ${arch()}, Node ${process.version}`
}

/** How many connections to one port one address can have: a port each, of those that the system gives away. */
export function portsOfAnAddress(): number {
  if (platform() !== 'linux') return 16_000
  const [low = 0, high = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    .trim()
    .split(/\s+/)
    .map(Number)
  return high - low + 1
}
