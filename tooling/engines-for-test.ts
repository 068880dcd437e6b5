import { afterAll, onTestFinished, type TestContext } from 'vitest'
import { type Engine, type NatsServerOptions, type RedisServerOptions, startNats, startRedis } from './engines.ts'
import { type ProgramName, requireProgram } from './programs.ts'

/** A test's context: where the program is missing, the test is skipped, or fails with `CI=true`. */
type Skippable = Pick<TestContext, 'skip'>

/** Starts a Redis that is gone when its test has finished. */
export function startRedisForTest(context: Skippable, options?: RedisServerOptions): Promise<Engine> {
  return startForTest(context, 'redis-server', () => startRedis(options))
}

/** Starts a NATS server that is gone when its test has finished. */
export function startNatsForTest(context: Skippable, options?: NatsServerOptions): Promise<Engine> {
  return startForTest(context, 'nats-server', () => startNats(options))
}

/**
 * One Redis for all tests of a file or `describe`, where it is called: started by the first test that asks for it.
 *
 * @returns what a test calls with its context
 */
export function sharedRedis(options?: RedisServerOptions): (context: Skippable) => Promise<Engine> {
  return sharedEngine('redis-server', () => startRedis(options))
}

/** The same for NATS. */
export function sharedNats(options?: NatsServerOptions): (context: Skippable) => Promise<Engine> {
  return sharedEngine('nats-server', () => startNats(options))
}

async function startForTest(context: Skippable, program: ProgramName, start: () => Promise<Engine>): Promise<Engine> {
  requireProgram(program, context)
  const engine = await start()
  onTestFinished(() => engine.stop())
  return engine
}

/** The same for any program. */
export function sharedEngine(
  program: ProgramName,
  start: () => Promise<Engine>,
): (context: Skippable) => Promise<Engine> {
  let engine: Promise<Engine> | undefined
  afterAll(async () => (await engine)?.stop())
  return (context) => {
    requireProgram(program, context)
    engine ??= start()
    return engine
  }
}
