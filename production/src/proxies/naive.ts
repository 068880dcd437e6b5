import { createServer, type ServerResponse } from 'node:http'
import { deferred } from '@sse/tooling/deferred'
import { listeningForTest } from '@sse/tooling/listening'
import type { Upstream } from './proxy.ts'

/** A server whose streams have the one header that all streams have, for a proxy to do with as it would. */
export interface Naive extends Upstream {
  /** Resolves when the first request has come. */
  readonly requested: Promise<void>
  /** How many have come. */
  readonly requests: number
  /** Sends an event to all clients. */
  send(data: string): void
  /** Ends all streams. */
  end(): void
}

/** Starts one: what proxies do to streams of this library shows nothing unless they do something to others. */
export async function startNaiveForTest(): Promise<Naive> {
  const responses: ServerResponse[] = []
  const requested = deferred()
  const server = createServer((_request, response) => {
    responses.push(response)
    requested.resolve()
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write(': hello\n\n')
  })
  const { port } = await listeningForTest(server)
  return {
    name: 'naive',
    port,
    requested: requested.promise,
    get requests() {
      return responses.length
    },
    send(data) {
      for (const response of responses) response.write(`data: ${data}\n\n`)
    },
    end() {
      for (const response of responses) response.end()
    },
  }
}
