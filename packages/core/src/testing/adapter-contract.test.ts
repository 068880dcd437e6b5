import { describe, it } from 'vitest'
import { serveNodeForm, serveWebForm } from '../../test/adapter-servers.ts'
import { adapterContract } from './adapter-contract.ts'

describe('adapterContract', () => {
  describe("is kept by `eventStream` in Node's form", () => {
    for (const { name, run, timeout } of adapterContract({ start: serveNodeForm })) it(name, run, timeout)
  })

  describe('is kept by `eventStream` in the form of the Web', () => {
    for (const { name, run, timeout } of adapterContract({ start: () => serveWebForm() })) it(name, run, timeout)
  })
})
