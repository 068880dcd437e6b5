/** The method by which a hub lets itself be timed. */
export const TIME: unique symbol = Symbol('time')

/** What can be timed: a hub. */
export interface Timeable {
  /**
   * From now on `onWritten` gets, for each event that this hub publishes, how long it took until the flush that wrote it, in
   * milliseconds. Nothing for events that others publish: theirs is another clock. Answers what takes that back. Must not
   * throw. Ends with the hub.
   *
   * @internal
   */
  [TIME](onWritten: (took: number) => void): () => void
}
