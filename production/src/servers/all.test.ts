import { createHub } from '@sse/core'
import { readEvents } from '@sse/core/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SERVERS } from './all.ts'
import { PRINCIPAL_HEADER } from './site.ts'

describe.each(SERVERS)('the server of $name', ({ start }) => {
  it.each([false, true])(
    'streams what its hub publishes (compressing: %s), and knows who listens',
    async (compresses) => {
      const hub = createHub()
      const source = () => hub.subscribe('feed')
      const running = await start({ hub, compresses, routes: [{ method: 'GET', path: '/feed', source }] })
      onTestFinished(running.close)
      const response = await fetch(`${running.url}/feed`, { headers: { [PRINCIPAL_HEADER]: 'somebody' } })
      const [connection] = hub.connections
      await hub.publish('feed', { data: 'hello' })
      const [event] = await readEvents(response, { take: 1 })
      expect(event?.data).toBe('hello')
      expect(connection).toMatchObject({ principal: 'somebody', address: '127.0.0.1' })
    },
  )
})
