import { readFileSync } from 'node:fs'
import type { NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { startNatsForTest } from '@sse/tooling/engines-for-test'
import { expect, it, onTestFinished } from 'vitest'
import { entryOf, Observer, texts } from '../test/observer.ts'
import { openLog } from '../test/stage.ts'
import { Wire } from '../test/wire.ts'

/** The configuration that the README shows. */
function configuration(): string {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  return String(/```text\n(authorization \{.*?)```/s.exec(readme)?.[1]).replace('$PRICES_PASSWORD', 'secret')
}

/** What the server forbids to a connection. */
function violations(connection: NatsConnection): string[] {
  const found: string[] = []
  void (async () => {
    for await (const status of connection.status()) if (status.type === 'error') found.push(status.error.message)
  })()
  return found
}

it('the permissions that the README names are enough for all that a log does', async (context) => {
  const engine = await startNatsForTest(context, { config: [configuration()] })
  const wire = await Wire.to(engine.port)
  const connection = await connect({ servers: wire.url, user: 'prices', pass: 'secret', reconnectTimeWait: 50 })
  onTestFinished(() => connection.close())
  const forbidden = violations(connection)
  const log = openLog({ connection, stream: 'prices' })
  await Promise.all(texts(3_000).map((text) => log.append(entryOf(text.padEnd(500, '.')))))
  const observer = new Observer(log)
  await observer.attached()
  wire.cut()
  await observer.attached(2)
  await log.append(entryOf('after'))
  await observer.until('after')
  await observer.stop()
  await connection.flush()
  expect(observer.received.length).toBe(3_001)
  expect(forbidden).toEqual([])
})
