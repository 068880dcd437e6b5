/** What a process of the fleet tells its parent when it is ready: the port it listens on, if it does. */
export interface Ready {
  readonly port: number | null
}

/** Tells the parent, if there is one, that this process is ready. */
export function tellReady(port: number | null): void {
  const ready: Ready = { port }
  process.send?.(ready)
}

/** Calls `stop` once: at a signal, or when the parent has gone, however it went. */
export function stopWithFleet(stop: () => void): void {
  let isStopping = false
  const stopOnce = (): void => {
    if (isStopping) return
    isStopping = true
    stop()
  }
  process.on('SIGTERM', stopOnce)
  // A terminal sends it to all of the fleet at once.
  process.on('SIGINT', stopOnce)
  process.on('disconnect', stopOnce)
}
