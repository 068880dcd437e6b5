/** Measures the CPU time that this process, all its threads included, uses between `start` and `stop`. */
export class CpuMeter {
  #from: NodeJS.CpuUsage | undefined

  /** Starts from a heap without garbage, so that what happened before is not collected on this phase's account. */
  start(): void {
    globalThis.gc?.()
    this.#from = process.cpuUsage()
  }

  /** User and system time since `start`, in µs. */
  stop(): NodeJS.CpuUsage {
    return process.cpuUsage(this.#from)
  }
}
