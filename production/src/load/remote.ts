import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What a process does for the one that has started it. */
export type Offer = { readonly [name: string]: (...args: never[]) => unknown }

/** A process of its own that offers methods, gone when it is disposed of. */
export interface Remote<O extends Offer> extends AsyncDisposable {
  readonly child: ChildProcess
  /** Rejects with what the method threw, and when the process ends meanwhile. */
  call<K extends keyof O & string>(name: K, ...args: Parameters<O[K]>): Promise<Awaited<ReturnType<O[K]>>>
}

interface Call {
  readonly number: number
  readonly name: string
  readonly args: readonly unknown[]
}

interface Answer {
  readonly number: number
  readonly value?: unknown
  readonly error?: string
}

/** Offers methods to the process that has started this one; ends when that has gone. */
export function offer(methods: Offer): void {
  process.once('disconnect', () => process.exit())
  process.on('message', ({ number, name, args }: Call) => {
    const run = async (): Promise<unknown> => methods[name]?.(...(args as never[]))
    run().then(
      (value) => process.send?.({ number, value } satisfies Answer),
      (error: unknown) => process.send?.({ number, error: String(error) } satisfies Answer),
    )
  })
}

/** Starts a module that calls `offer`, able to collect its garbage when it is asked to. */
export function startRemote<O extends Offer>(module: URL, args: readonly string[] = []): Remote<O> {
  const child = fork(fileURLToPath(module), args, {
    execArgv: ['--expose-gc'],
    env: { ...process.env, NODE_ENV: 'production' },
    // Arrays of numbers cross as they are.
    serialization: 'advanced',
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const ended = once(child, 'exit').then(([code, signal]) => {
    for (const { reject } of waiting.values()) reject(new Error(`${module.pathname} ended: ${code ?? signal}`))
    waiting.clear()
  })
  child.on('message', ({ number, value, error }: Answer) => {
    const call = waiting.get(number)
    waiting.delete(number)
    if (error === undefined) call?.resolve(value)
    else call?.reject(new Error(error))
  })
  let calls = 0
  return {
    child,
    async call(name, ...args) {
      const answer = Promise.withResolvers<unknown>()
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${module.pathname} has ended`)
      waiting.set(++calls, answer)
      child.send({ number: calls, name, args } satisfies Call)
      // The module at that address offers `O`.
      return (await answer.promise) as never
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
