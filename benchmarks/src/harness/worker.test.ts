import { describe, expect, it } from 'vitest'
import type { ClientMethods } from '../processes/client.ts'
import { Worker } from './worker.ts'

describe('Worker', () => {
  it('says what was thrown where nobody waits for the answer', async () => {
    await using worker = new Worker<ClientMethods>(new URL('../processes/client.ts', import.meta.url), 'client')
    worker.tell('connect', { port: -1, path: '/', count: 1 })
    await expect(worker.call('receive', 1)).rejects.toThrow(/client ended \(1\)\n(.|\n)*ERR_SOCKET_BAD_PORT/)
  })
})
