import { DiscardPolicy, type JetStreamManager, RetentionPolicy, StorageType, type StreamInfo } from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import { SseError } from '@sse/core'
import { delay } from '@sse/core/engine'
import { isMissing, meaningOf } from './nats-error.ts'
import type { NatsSettings } from './options.ts'

/** For how long JetStream recognizes a message that is sent again, at least, in milliseconds: its own default. */
const DUPLICATE_WINDOW = 120_000

/** Nobody needs to cut so short a wait. */
const NEVER = new AbortController().signal

/** How long a node waits before it makes a stream, in milliseconds: something between. */
const MIN_HESITATION = 50
const MAX_HESITATION = 500

/** The stream as it is now: made, if there was none. */
export async function openStream(api: JetStreamManager, settings: NatsSettings): Promise<StreamInfo> {
  const info = (await findStream(api, settings.stream)) ?? (await createStream(api, settings))
  assertUsable(info, settings)
  return info
}

/** The stream as it is now, with the sequences of what was deleted from within. */
export async function streamInfo(api: JetStreamManager, stream: string): Promise<StreamInfo> {
  const info = await api.streams.info(stream)
  // A server that is still making it says that it was made in the year 1.
  if (info.created.startsWith('0001-')) throw new Error(`the stream \`${stream}\` is being made`)
  return (info.state.num_deleted ?? 0) === 0 ? info : api.streams.info(stream, { deleted_details: true })
}

async function findStream(api: JetStreamManager, stream: string): Promise<StreamInfo | undefined> {
  try {
    return await streamInfo(api, stream)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/**
 * Not at once: all nodes see at the same time that there is none, or somebody may be about to make it anew. Servers (2.9) that are
 * asked to make one stream several times within milliseconds may end up with one that delivers nothing.
 */
async function createStream(api: JetStreamManager, settings: NatsSettings): Promise<StreamInfo> {
  const { stream, probeInterval } = settings
  await delay(MIN_HESITATION + Math.random() * Math.min(MAX_HESITATION, probeInterval), NEVER)
  const found = await findStream(api, stream)
  if (found !== undefined) return found
  const refusal = await addStream(api, settings)
  const made = await findStream(api, stream)
  if (made !== undefined) return made
  const message = `There is no stream \`${stream}\`, and it cannot be made: ${meaningOf(refusal)}`
  throw new SseError('SSE_LOG', `${settings.connector.name}: ${message}`, { cause: refusal })
}

/** @returns why it was not made, if it was not: somebody else may have been faster */
async function addStream(api: JetStreamManager, settings: NatsSettings): Promise<unknown> {
  const { stream, subject, retention, maxBytes, replicas, storage, publishTimeout } = settings
  try {
    await api.streams.add({
      name: stream,
      description: 'Server-sent events of an @sse/core hub',
      subjects: [subject],
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_msgs: retention.maxEvents,
      max_bytes: maxBytes ?? -1,
      storage: storage === 'file' ? StorageType.File : StorageType.Memory,
      num_replicas: replicas,
      duplicate_window: nanos(Math.max(DUPLICATE_WINDOW, publishTimeout === false ? 0 : publishTimeout)),
    })
    return undefined
  } catch (error) {
    return error
  }
}

/** Throws for a stream that would lose events, or not get them at all. */
function assertUsable({ config, mirror }: StreamInfo, settings: NatsSettings): void {
  const { subject, retention, publishTimeout } = settings
  const refuse = (problem: string): never => {
    throw new SseError('SSE_LOG', `${settings.connector.name}: the stream \`${settings.stream}\` ${problem}.`)
  }
  if (mirror !== undefined || config.mirror !== undefined) refuse('is a mirror, which takes no events')
  if (!config.subjects?.some((pattern) => matches(pattern, subject))) refuse(`does not have the subject \`${subject}\``)
  if (config.retention !== RetentionPolicy.Limits)
    refuse(`has the retention \`${config.retention}\`, it must be \`limits\``)
  if (config.discard !== DiscardPolicy.Old) refuse(`has the discard policy \`${config.discard}\`, it must be \`old\``)
  if (config.sealed) refuse('is sealed')
  if (config.no_ack) refuse('does not acknowledge (`no_ack`)')
  for (const limit of [config.max_msgs, config.max_msgs_per_subject]) {
    if (limit > 0 && limit < retention.ring)
      refuse(`keeps ${limit} events, less than the hub's ring (${retention.ring})`)
  }
  if (publishTimeout !== false && config.duplicate_window < nanos(publishTimeout)) {
    const window = config.duplicate_window / 1e6
    refuse(`has a \`duplicate_window\` of ${window} ms, shorter than \`publishTimeout\` (${publishTimeout} ms)`)
  }
}

/** Whether a subject is one of those that a pattern stands for. */
function matches(pattern: string, subject: string): boolean {
  const parts = subject.split('.')
  const wanted = pattern.split('.')
  const [last] = wanted.slice(-1)
  const isOpen = last === '>' && parts.length >= wanted.length
  if (!isOpen && parts.length !== wanted.length) return false
  return wanted.every((part, i) => part === '>' || part === '*' || part === parts[i])
}
