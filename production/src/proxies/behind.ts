import type { Engine } from '@sse/tooling/engine-process'
import { sharedEngine } from '@sse/tooling/engines-for-test'
import { requireProgram } from '@sse/tooling/programs'
import { afterAll, onTestFinished, type TestContext, vi } from 'vitest'
import { type Backend, type BackendOptions, startBackends } from './backends.ts'
import type { ProxyForm, Upstream } from './proxy.ts'
import { StreamClient } from './stream-client.ts'

/** A server of each kind, and a proxy in front of all. */
export interface Scene {
  readonly url: string
  /** Where the proxy has its files. */
  readonly directory: string
  backend(name: string): Backend
}

/**
 * One proxy for all tests of a file or `describe`, where it is called.
 *
 * @returns what a test calls with its context
 */
export function behind(form: ProxyForm, options?: BackendOptions): (context: TestContext) => Promise<Scene> {
  let backends: Promise<readonly Backend[]> | undefined
  const proxy = sharedEngine(form.program, async () => {
    backends = startBackends(options)
    return form.start(await backends)
  })
  afterAll(async () => {
    await Promise.all((await backends)?.map((backend) => backend.close()) ?? [])
  })
  return async (context) => {
    const { url, directory } = await proxy(context)
    const all = await backends
    return {
      url,
      directory,
      backend(name) {
        const found = all?.find((backend) => backend.name === name)
        if (found === undefined) throw new Error(`There is no backend ${name}`)
        return found
      },
    }
  }
}

/** A client that is gone when its test has finished. */
export async function openForTest(...args: Parameters<typeof StreamClient.open>): Promise<StreamClient> {
  const client = await StreamClient.open(...args)
  onTestFinished(() => client.leave())
  return client
}

/** Waits until a hub has so many connections. */
export function untilSize({ hub }: Pick<Backend, 'hub'>, size: number): Promise<void> {
  const look = (): void => {
    if (hub.size !== size) throw new Error(`${hub.size} connections, not ${size}`)
  }
  return vi.waitFor(look, { timeout: 10_000, interval: 5 })
}

/** A proxy in front of some servers, gone when its test has finished. */
export async function startForTest(
  context: TestContext,
  form: ProxyForm,
  ...upstreams: readonly Upstream[]
): Promise<Engine> {
  requireProgram(form.program, context)
  const proxy = await form.start(upstreams)
  onTestFinished(() => proxy.stop())
  return proxy
}
