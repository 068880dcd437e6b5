import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { onTestFinished } from 'vitest'
import { serveHttp } from './http-server.ts'

/** OpenTelemetry's own SDK with its Prometheus exporter, behind a socket. Gone when its test has finished. */
export interface Scraping {
  readonly meterProvider: MeterProvider
  /** Collects, and answers what Prometheus would read: the number of each series, as `name{attribute="value"}`. */
  scrape(): Promise<Readonly<Record<string, number>>>
}

export async function startScraping(): Promise<Scraping> {
  const exporter = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true, withoutTargetInfo: true })
  const meterProvider = new MeterProvider({ readers: [exporter] })
  const { url } = await serveHttp((request, response) => exporter.getMetricsRequestHandler(request, response))
  onTestFinished(() => meterProvider.shutdown())
  return { meterProvider, scrape: async () => seriesOf(await (await fetch(url)).text()) }
}

function seriesOf(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}
