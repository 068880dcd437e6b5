import { metrics } from '@opentelemetry/api'
import { MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics'
import { createHub } from '@sse/core'
import { instrumentHub } from '@sse/core/otel'
import { serveHub } from './hub-server.ts'
import type { Peer } from './peer.ts'

/** Sends nothing anywhere: what that costs is the exporter's own. */
const nowhere: PushMetricExporter = {
  export: (_metrics, done) => done({ code: 0 }),
  forceFlush: async () => {},
  shutdown: async () => {},
}

/** `@sse/core` with OpenTelemetry's SDK, which collects each second. */
export const peer: Peer = {
  packages: ['@sse/core', '@opentelemetry/api', '@opentelemetry/sdk-metrics'],
  async start() {
    const reader = new PeriodicExportingMetricReader({ exporter: nowhere, exportIntervalMillis: 1_000 })
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
    const hub = createHub<{ message: string }>()
    return { ...(await serveHub(hub)), instrument: () => instrumentHub(hub) }
  },
}
