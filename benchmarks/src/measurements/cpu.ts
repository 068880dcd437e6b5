import type { Cost } from '../harness/pair.ts'
import type { Figures, Metric } from './measurement.ts'

/** The columns of a measurement of CPU time per delivery, connection and the like. */
export function cpuMetrics(unit: string): readonly Metric[] {
  return [
    { key: 'cpu', label: `server CPU per ${unit}, µs`, digits: 2 },
    { key: 'instructions', label: `instructions per ${unit}`, digits: 0 },
    { key: 'clientCpu', label: `load client's CPU, µs`, digits: 2 },
  ]
}

/** The cost of one of `count`. */
export function perUnit({ cpu, clientCpu, instructions }: Cost, count: number): Figures {
  return {
    cpu: cpu / count,
    clientCpu: clientCpu / count,
    ...(instructions !== undefined && { instructions: instructions / count }),
  }
}

/** The cost of several phases together. */
export function total(costs: readonly Cost[]): Cost {
  return costs.reduce((sum, { cpu, clientCpu, instructions }) => ({
    cpu: sum.cpu + cpu,
    clientCpu: sum.clientCpu + clientCpu,
    instructions: instructions === undefined ? undefined : (sum.instructions ?? 0) + instructions,
  }))
}
