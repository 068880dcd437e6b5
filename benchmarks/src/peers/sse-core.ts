import { createHub } from '@sse/core'
import { serveHub } from './hub-server.ts'
import type { Peer } from './peer.ts'

/** `@sse/core` on `node:http`. */
export const peer: Peer = {
  packages: ['@sse/core'],
  start: () => serveHub(createHub()),
}
