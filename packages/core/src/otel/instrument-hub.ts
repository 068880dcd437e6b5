import {
  type Attributes,
  type BatchObservableCallback,
  createNoopMeter,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type Observable,
  ValueType,
} from '@opentelemetry/api'
import { HOST, type Hosting } from '../connection/host.ts'
import { invalid } from '../connection/options.ts'
import type { Hub } from '../hub/hub.ts'
import type { HubStats } from '../hub/stats.ts'
import { TIME, type Timeable } from '../hub/timing.ts'
import { HUB_METRICS, type HubMetric, PUBLISH_TO_WRITE } from './metrics.ts'

/** The instrumentation scope that all metrics are of. */
const SCOPE = '@sse/core'

/** Any hub, whatever its events are. */
export type InstrumentableHub = Pick<Hub, 'stats'> & Hosting & Timeable

/** How a hub is instrumented. */
export interface InstrumentOptions {
  /** Where its metrics go; default: the provider that is registered with OpenTelemetry's API when this is called. */
  meterProvider?: MeterProvider
  /** Are added to each of its metrics. Hubs of one provider need attributes that tell them apart, such as a name. */
  attributes?: Attributes
}

/** The instruments of one provider; all hubs share them. */
interface Instruments {
  readonly meter: Meter
  readonly observables: readonly { readonly metric: HubMetric; readonly observable: Observable }[]
  readonly publishToWrite: Histogram
}

/** What one provider measures. */
interface Measured {
  readonly instruments: Instruments
  /** By their attributes. */
  readonly hubs: Map<string, { readonly hub: InstrumentableHub; readonly stop: () => void }>
}

const measured = new WeakMap<MeterProvider, Measured>()

/**
 * Gives a hub's numbers to OpenTelemetry. They are read from `hub.stats()` when metrics are collected; only the time from
 * publish to write is recorded as it comes. Where no SDK is registered, nothing is done at all: register it before.
 *
 * When the hub has closed it is collected once more, with its last numbers, and then let go of. The same hub again, with
 * the same provider, changes nothing.
 *
 * @returns takes it back. May be called again.
 * @throws {SseError} `SSE_INVALID_FIELD` if another hub of this provider has the same attributes, or this hub has others.
 */
export function instrumentHub(
  hub: InstrumentableHub,
  { meterProvider = metrics.getMeterProvider(), attributes = {} }: InstrumentOptions = {},
): () => void {
  const meter = meterProvider.getMeter(SCOPE)
  if (meter === createNoopMeter()) return () => {}
  const { instruments, hubs } = measuredBy(meterProvider, meter)
  const key = keyOf(attributes)
  for (const [otherKey, other] of hubs) {
    const isSameHub = other.hub === hub
    if (isSameHub && otherKey === key) return other.stop
    if (isSameHub) throw invalid('attributes', 'must be those that the hub was instrumented with before')
    if (otherKey !== key) continue
    if (!isClosed(other.hub.stats())) throw invalid('attributes', 'must tell the hub apart: another one has the same')
    other.stop()
  }
  const end = begin(hub, instruments, { ...attributes }, () => stop())
  const stop = (): void => {
    if (hubs.get(key)?.stop === stop) hubs.delete(key)
    end()
  }
  hubs.set(key, { hub, stop })
  return stop
}

/** @param done is called when nothing more will come of the hub. */
function begin(hub: InstrumentableHub, instruments: Instruments, attributes: Attributes, done: () => void): () => void {
  const { meter, observables, publishToWrite } = instruments
  const observe: BatchObservableCallback = (result) => {
    const stats = hub.stats()
    for (const { metric, observable } of observables) {
      const read = metric.read(stats)
      if (typeof read === 'number') result.observe(observable, read, attributes)
      else {
        for (const [value, number] of Object.entries(read)) {
          result.observe(observable, number, { ...attributes, [metric.attribute ?? '']: value })
        }
      }
    }
    // The SDK would pass over the next hub if this one left the list that it is going through.
    if (isClosed(stats)) queueMicrotask(done)
  }
  const observed = observables.map(({ observable }) => observable)
  meter.addBatchObservableCallback(observe, observed)
  const endTiming = hub[TIME]((took) => {
    try {
      publishToWrite.record(took / 1_000, attributes)
    } catch (error) {
      // It is in the middle of a flush, and would throw at each event.
      endTiming()
      hub[HOST].onError(error, { stage: 'metrics' })
    }
  })
  return () => {
    meter.removeBatchObservableCallback(observe, observed)
    endTiming()
  }
}

function measuredBy(provider: MeterProvider, meter: Meter): Measured {
  const known = measured.get(provider)
  if (known !== undefined) return known
  const made = { instruments: instrumentsOf(meter), hubs: new Map() }
  measured.set(provider, made)
  return made
}

function instrumentsOf(meter: Meter): Instruments {
  const { name, unit, description, boundaries } = PUBLISH_TO_WRITE
  return {
    meter,
    observables: HUB_METRICS.map((metric) => ({ metric, observable: observableOf(meter, metric) })),
    publishToWrite: meter.createHistogram(name, {
      unit,
      description,
      advice: { explicitBucketBoundaries: [...boundaries] },
    }),
  }
}

function observableOf(meter: Meter, { name, kind, unit, description }: HubMetric): Observable {
  // Only what is counted is whole; a gauge here is a time.
  const valueType = kind === 'Gauge' ? ValueType.DOUBLE : ValueType.INT
  const options = { unit, description, valueType }
  if (kind === 'Counter') return meter.createObservableCounter(name, options)
  if (kind === 'UpDownCounter') return meter.createObservableUpDownCounter(name, options)
  return meter.createObservableGauge(name, options)
}

function isClosed({ log }: HubStats): boolean {
  return log.state === 'closed'
}

/** Equal for equal attributes, in whatever order they were given. */
function keyOf(attributes: Attributes): string {
  return JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
