import type { LogState } from '../hub/following.ts'
import type { HubStats } from '../hub/stats.ts'

/** A metric that is read from a hub's stats when metrics are collected. */
export interface HubMetric {
  readonly name: string
  readonly kind: 'Counter' | 'UpDownCounter' | 'Gauge'
  /** As UCUM writes it. */
  readonly unit: string
  readonly description: string
  /** What tells the numbers of this metric apart, where `read` answers several. */
  readonly attribute?: string
  /** One number, or one for each value of the attribute; their sum then means something, too. */
  read(stats: HubStats): number | Readonly<Record<string, number>>
}

const LOG_STATES: readonly LogState[] = ['idle', 'loading', 'ready', 'away', 'closed']

/**
 * What is read from a hub. Names, units and attributes follow OpenTelemetry's conventions.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/general/naming/
 */
export const HUB_METRICS: readonly HubMetric[] = [
  {
    name: 'sse.server.connection.count',
    kind: 'UpDownCounter',
    unit: '{connection}',
    description: 'Clients that are connected; a lagging one does not take what was written.',
    attribute: 'sse.connection.state',
    read: ({ connections, lagging }) => ({ live: connections - lagging, lagging }),
  },
  {
    name: 'sse.server.connection.opened',
    kind: 'Counter',
    unit: '{connection}',
    description: 'Streams that were opened.',
    read: ({ opened }) => opened,
  },
  {
    name: 'sse.server.connection.closed',
    kind: 'Counter',
    unit: '{connection}',
    description: 'Streams that have ended, by why.',
    attribute: 'sse.connection.close.reason',
    read: ({ closed }) => closed,
  },
  {
    name: 'sse.server.connection.refused',
    kind: 'Counter',
    unit: '{connection}',
    description: 'Clients for whom there was no room, by the limit that was reached.',
    attribute: 'sse.connection.refusal.reason',
    read: ({ refused }) => refused,
  },
  {
    name: 'sse.server.event.published',
    kind: 'Counter',
    unit: '{event}',
    description: 'Events that were read from the log, whoever published them.',
    read: ({ published }) => published,
  },
  {
    name: 'sse.server.event.rejected',
    kind: 'Counter',
    unit: '{event}',
    description: 'Events that this process was to publish, and that were refused, by why.',
    attribute: 'sse.event.rejection.reason',
    read: ({ rejected }) => rejected,
  },
  {
    name: 'sse.server.event.delivered',
    kind: 'Counter',
    unit: '{event}',
    description: 'Events that were written, once for each client.',
    read: ({ delivered }) => delivered,
  },
  {
    name: 'sse.server.event.replayed',
    kind: 'Counter',
    unit: '{event}',
    description: 'Of the delivered events, those that clients had missed and got when they came back.',
    read: ({ replayed }) => replayed,
  },
  {
    name: 'sse.server.io',
    kind: 'Counter',
    unit: 'By',
    description: 'Bytes of streams that were written.',
    attribute: 'network.io.direction',
    read: ({ bytes }) => ({ transmit: bytes }),
  },
  {
    name: 'sse.server.gaps',
    kind: 'Counter',
    unit: '{gap}',
    description: 'Gaps that clients were told of, by why.',
    attribute: 'sse.gap.reason',
    read: ({ gaps }) => gaps,
  },
  {
    name: 'sse.server.resumes',
    kind: 'Counter',
    unit: '{resume}',
    description: 'Clients that came back with an id, by what became of them.',
    attribute: 'sse.resume.result',
    read: ({ resumed }) => resumed,
  },
  {
    name: 'sse.server.log.lag',
    kind: 'Gauge',
    unit: 's',
    description: 'How far this process is behind the log; grows as long as the log cannot be read.',
    read: ({ log }) => log.lag / 1_000,
  },
  {
    name: 'sse.server.log.status',
    kind: 'UpDownCounter',
    unit: '{log}',
    description: '1 for the state that the log is in, 0 for the others.',
    attribute: 'sse.log.state',
    read: ({ log }) => Object.fromEntries(LOG_STATES.map((state) => [state, state === log.state ? 1 : 0])),
  },
  {
    name: 'sse.server.log.pending_events',
    kind: 'UpDownCounter',
    unit: '{event}',
    description: 'Events that were published and have no answer from the log yet.',
    read: ({ log }) => log.waiting,
  },
  {
    name: 'sse.server.ring.event.count',
    kind: 'UpDownCounter',
    unit: '{event}',
    description: 'Events that the ring holds, for clients that come back.',
    read: ({ ring }) => ring.events,
  },
  {
    name: 'sse.server.ring.usage',
    kind: 'UpDownCounter',
    unit: 'By',
    description: 'Bytes of the events that the ring holds.',
    read: ({ ring }) => ring.bytes,
  },
]

/** From `hub.publish()` in this process until the flush that wrote the event. Not read, but recorded. */
export const PUBLISH_TO_WRITE = {
  name: 'sse.server.publish_to_write.duration',
  unit: 's',
  description: 'How long an event that this process published took until it was written.',
  /** In seconds. */
  boundaries: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
} as const
