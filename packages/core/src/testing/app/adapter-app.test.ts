import { describe, expect, it } from 'vitest'
import { createHub } from '../../hub/hub.ts'
import { adapterApp } from './adapter-app.ts'

describe('adapterApp', () => {
  it('has each route once, of one part', () => {
    const { routes } = adapterApp()
    const names = routes.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => !/^(GET|POST) \/[a-z-]+$/.test(name))).toEqual([])
  })

  it('shares nothing with another', async () => {
    const [one, other] = [adapterApp(), adapterApp()]
    one.handled(new Error('boom'))
    expect(one.hub).not.toBe(other.hub)
    expect((await one.control({ do: 'look' })).journal).toEqual({ 'handled boom': 1 })
    expect((await other.control({ do: 'look' })).journal).toEqual({})
  })

  it('answers an error with its status, or with 500', () => {
    const { handled } = adapterApp()
    expect(handled(Object.assign(new Error('no'), { status: 403 }))).toEqual({ status: 403, body: { error: 'no' } })
    expect(handled(Object.assign(new Error('no'), { status: 'x' }))).toEqual({ status: 500, body: { error: 'no' } })
    expect(handled('no error')).toEqual({ status: 500, body: { error: 'no error' } })
    expect(handled(undefined)).toEqual({ status: 500, body: { error: 'undefined' } })
  })

  it('publishes, and answers the ids', async () => {
    const { control, hub } = adapterApp()
    const events = [{ data: 'a' }, { event: 'named', data: { b: 1 } }]
    const { ids } = await control({ do: 'publish', topic: 'hub', events })
    expect(ids).toHaveLength(2)
    expect(hub.stats().ring.head).toBe(ids[1])
    const { ids: filled } = await control({ do: 'fill', hub: 'narrow', topic: 'narrow', from: 3, count: 4, length: 9 })
    expect(filled).toHaveLength(4)
  })

  it('takes a hub that was made of its options for its own, before that is used', async () => {
    const app = adapterApp()
    const hub = createHub(app.hubOptions)
    app.adopt(hub)
    expect(app.hub).toBe(hub)
    expect(() => app.adopt(createHub())).toThrow('must come before')
    await app.control({ do: 'close' })
    expect(() => hub.publish('hub', { data: '' })).toThrow(expect.objectContaining({ code: 'SSE_CLOSED' }))
  })

  it.each([undefined, null, 'look', {}, { do: 'dance' }, { do: 'publish', hub: 'toString', topic: 'a', events: [] }])(
    'refuses what is no command: %j',
    async (command) => {
      await expect(adapterApp().control(command)).rejects.toThrow(TypeError)
    },
  )
})
