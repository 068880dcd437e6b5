/** Whether it is a promise, of whatever make. */
export function isThenable<Value, Result>(value: Value | PromiseLike<Result>): value is PromiseLike<Result> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
