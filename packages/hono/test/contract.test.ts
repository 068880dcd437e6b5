import { type AdapterServer, adapterContract } from '@sse/core/testing'
import { describe, it } from 'vitest'
import { sse as sseOnWeb } from '../src/index.ts'
import { sse } from '../src/node.ts'
import { contractApp } from './runtimes/app.ts'
import { listen, type ServeOptions } from './serve.ts'

describe('the contract of adapters on Node, in this process', () => {
  for (const { name, run, timeout } of adapterContract({ start: () => start(sse) })) it(name, run, timeout)
})

describe('the contract of adapters on Node, its global objects left alone', () => {
  const server = (): Promise<AdapterServer> => start(sse, { overrideGlobalObjects: false })
  for (const { name, run, timeout } of adapterContract({ isNode: false, start: server })) it(name, run, timeout)
})

describe('the contract of adapters on Node, with Web standards alone', () => {
  for (const { name, run, timeout } of adapterContract({ start: () => start(sseOnWeb) })) {
    it(name, run, timeout)
  }
})

async function start(middleware: typeof sse, options: Partial<ServeOptions> = {}): Promise<AdapterServer> {
  const { url, server, close } = await listen({ ...options, fetch: contractApp(middleware).fetch })
  return { url: `${url}/app`, server, close }
}
