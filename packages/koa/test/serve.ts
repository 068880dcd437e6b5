import { createServer } from 'node:http'
import { type Listening, listeningForTest } from '@sse/tooling/listening'
import type Koa from 'koa'

/** An application that is being served, until its test has finished. */
export interface Served extends Listening {
  /** What its error handling was told. */
  readonly errors: readonly unknown[]
}

/** Serves an application on a free port of the loopback interface. */
export async function serve(app: Koa): Promise<Served> {
  const errors = errorsOf(app)
  return { ...(await listeningForTest(createServer(app.callback()))), errors }
}

/** Notes what an application's error handling is told, instead of printing it. */
export function errorsOf(app: Koa): readonly unknown[] {
  const errors: unknown[] = []
  app.on('error', (error) => errors.push(error))
  return errors
}
