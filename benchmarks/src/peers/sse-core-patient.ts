import { createHub } from '@sse/core'
import { serveHub } from './hub-server.ts'
import type { Peer } from './peer.ts'

/** `@sse/core` that cuts nobody who takes nothing while it is measured: to see what such clients cost the others. */
export const peer: Peer = {
  packages: ['@sse/core'],
  start: () => serveHub(createHub({ stallTimeout: 600_000 })),
}
