import type { Cost } from '../harness/pair.ts'
import type { Figures, Metric } from './measurement.ts'

/** The columns of a measurement of CPU time per delivery, connection and the like. */
export function cpuMetrics(unit: string): readonly Metric[] {
  return [
    { key: 'cpu', label: `server CPU per ${unit}, µs`, digits: 2 },
    { key: 'userCpu', label: 'of it in user mode', digits: 2 },
    { key: 'instructions', label: `instructions per ${unit}`, digits: 0 },
    { key: 'clientCpu', label: `load client's CPU, µs`, digits: 2 },
  ]
}

/** The cost of one of `count`. */
export function perUnit({ cpu, userCpu, clientCpu, instructions }: Cost, count: number): Figures & { cpu: number } {
  return {
    cpu: cpu / count,
    userCpu: userCpu / count,
    clientCpu: clientCpu / count,
    ...(instructions !== undefined && { instructions: instructions / count }),
  }
}

/** The cost of several phases together. */
export function total(costs: readonly Cost[]): Cost {
  return costs.reduce((sum, { cpu, userCpu, clientCpu, instructions }) => ({
    cpu: sum.cpu + cpu,
    userCpu: sum.userCpu + userCpu,
    clientCpu: sum.clientCpu + clientCpu,
    instructions: instructions === undefined ? undefined : (sum.instructions ?? 0) + instructions,
  }))
}
