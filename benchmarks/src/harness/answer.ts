/** What one process may ask of another. */
export type Methods = { readonly [name: string]: (...args: never[]) => unknown }

/** A call as it crosses the IPC channel. One without an id gets no answer. */
export interface Call {
  readonly id?: number
  readonly name: string
  readonly args: readonly unknown[]
}

/** Its answer: a value, or what was thrown, as text. */
export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string }

/** Answers a parent's calls with these methods, and ends this process when the parent is gone. */
export function answer(methods: Methods): void {
  process.on('disconnect', () => process.exit(0))
  process.on('message', async ({ id, name, args }: Call) => {
    // The parent's `Worker<M>` is typed with these very methods: it can only call them with what they take.
    const call = () => methods[name]?.(...(args as never[]))
    if (id === undefined) await call()
    else process.send?.(await answerTo(id, call))
  })
}

async function answerTo(id: number, call: () => unknown): Promise<Answer> {
  try {
    return { id, value: await call() }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
