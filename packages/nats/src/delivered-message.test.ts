import { describe, expect, it } from 'vitest'
import { placeOf } from './delivered-message.ts'

const PLACE = { sequence: 12, delivered: 3, time: '1795365272332221350' }

describe('placeOf', () => {
  it.each([
    ['servers up to 2.9', '$JS.ACK.orders.sse-abc.1.12.3.1795365272332221350.0'],
    ['servers with domains', '$JS.ACK.hub.A1B2C3.orders.sse-abc.1.12.3.1795365272332221350.0.r4nd0m'],
    ['servers without a domain', '$JS.ACK._.A1B2C3.orders.sse-abc.1.12.3.1795365272332221350.5.r4nd0m'],
  ])('reads what %s say', (_, reply) => {
    expect(placeOf({ reply }, 'sse-abc')).toEqual(PLACE)
  })

  it.each([[undefined], [''], ['$JS.FC.orders.sse-abc.x'], ['$JS.ACK.orders.other.1.12.3.1.0']])(
    '%s is none',
    (reply) => {
      expect(placeOf(reply === undefined ? {} : { reply }, 'sse-abc')).toBeUndefined()
    },
  )
})
