let newest = 0

/** Numbers connections as they come, in this process. */
export function nextNumber(): number {
  return ++newest
}

/** The number of the connection that came last. */
export function newestNumber(): number {
  return newest
}
