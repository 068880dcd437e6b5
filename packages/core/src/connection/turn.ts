type Immediate = (callback: () => void) => unknown

/**
 * `setImmediate` where the runtime has it, else a timer. Taken once, at load: a test that fakes timers fakes the
 * application's, not the order in which bytes leave.
 */
const immediate: Immediate =
  (globalThis as { setImmediate?: Immediate }).setImmediate ?? ((callback) => setTimeout(callback, 0))

/** Calls back in a later macrotask: what waits for the network gets its chance before. */
export function afterTurn(callback: () => void): void {
  immediate(callback)
}

let next: Promise<void> | undefined
let resolveNext: (() => void) | undefined

/** Resolves in a later macrotask; all who ask in one turn share it. */
export function nextTurn(): Promise<void> {
  if (next !== undefined) return next
  next = new Promise(keepResolve)
  afterTurn(endTurn)
  return next
}

// Functions of the module, since most turns have one client, who would pay for closures.
function keepResolve(resolve: () => void): void {
  resolveNext = resolve
}

function endTurn(): void {
  next = undefined
  resolveNext?.()
}
