import { createHub } from '@sse/core'
import { instrumentHub } from '@sse/core/otel'
import { serveHub } from './hub-server.ts'
import type { Peer } from './peer.ts'

/** `@sse/core` as an application has it that is ready for OpenTelemetry and runs where nobody collects anything. */
export const peer: Peer = {
  packages: ['@sse/core', '@opentelemetry/api'],
  async start() {
    const hub = createHub<{ message: string }>()
    return { ...(await serveHub(hub)), instrument: () => instrumentHub(hub) }
  },
}
