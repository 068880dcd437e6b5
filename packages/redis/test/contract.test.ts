import type { EventLog } from '@sse/core'
import { type LogHarness, logContract } from '@sse/core/testing'
import type { Engine } from '@sse/tooling/engines'
import { sharedRedis } from '@sse/tooling/engines-for-test'
import { describe, it } from 'vitest'
import { redisLog } from '../src/index.ts'
import { CLIENTS } from './clients.ts'
import { command, cutAll } from './commands.ts'

/** How to open a log at a key, as each process does. */
type Open = (engine: Engine, key: string) => EventLog

/** Holds logs to the contract, all cases on one server. */
function holdToContract(open: Open, lose: (engine: Engine, key: string) => Promise<unknown>): void {
  const redis = sharedRedis()
  const keys = new WeakMap<EventLog, string>()
  let engine: Engine
  let count = 0
  const keyOf = (log: EventLog): string => keys.get(log) ?? ''
  const opened = (key: string): EventLog => {
    const log = open(engine, key)
    keys.set(log, key)
    return log
  }
  const harness: LogHarness = {
    create: () => opened(`log-${++count}`),
    open: (log) => opened(keyOf(log)),
    interrupt: () => cutAll(engine),
    lose: async (log) => void (await lose(engine, keyOf(log))),
    dispose: (log) => log.release?.(),
    keepsHistory: true,
    timeout: 15_000,
  }
  for (const { name, run } of logContract(harness)) {
    it(name, async (context) => {
      engine = await redis(context)
      await run()
    })
  }
}

const flush = (engine: Engine): Promise<unknown> => command(engine, 'FLUSHALL')

describe.each(CLIENTS)('the log through $name', ({ create }) => {
  holdToContract((engine, key) => redisLog({ client: create(engine), key, probeInterval: 200 }), flush)
})

describe('the log at a url', () => {
  holdToContract(({ url }, key) => redisLog({ url, key, probeInterval: 200 }), flush)
})

describe('the log of which somebody deletes the stream', () => {
  holdToContract(
    ({ url }, key) => redisLog({ url, key, probeInterval: 200 }),
    (engine, key) => command(engine, 'DEL', key),
  )
})

describe('the log in a Redis that dies without having saved anything', () => {
  holdToContract(
    ({ url }, key) => redisLog({ url, key, probeInterval: 200 }),
    async (engine) => {
      await engine.kill()
      await engine.restart()
    },
  )
})
