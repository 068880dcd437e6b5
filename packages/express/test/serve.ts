import { createServer, type RequestListener } from 'node:http'
import { type Listening, listeningForTest } from '@sse/tooling/listening'

/** Serves an application on a free port of the loopback interface, until its test has finished. */
export function serve(app: RequestListener): Promise<Listening> {
  return listeningForTest(createServer(app))
}
