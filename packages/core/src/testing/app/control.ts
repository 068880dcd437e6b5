import type { AnyEvents, Publication } from '../../hub/event.ts'
import { HUB_NAMES, type HubName, type Hubs } from './hubs.ts'
import type { Journal } from './journal.ts'
import type { Gate } from './routes.ts'

/** What the contract asks of an application, as the body of `POST /control`. */
export type AdapterCommand =
  /** Nothing but the state. */
  | { readonly do: 'look' }
  /** Publishes to a topic, one event after the other has been accepted. */
  | {
      readonly do: 'publish'
      readonly hub?: HubName
      readonly topic: string
      readonly events: readonly Publication<AnyEvents>[]
    }
  /** The same, with numbered events of so many characters. */
  | {
      readonly do: 'fill'
      readonly hub: HubName
      readonly topic: string
      readonly from: number
      readonly count: number
      readonly length: number
    }
  /** Lets those go on who wait in `AdapterRoute.before`. */
  | { readonly do: 'open the gate' }
  /** Closes the hubs, and answers when they are. */
  | { readonly do: 'close' }
  /** Looks at the process, too, after collecting garbage where that can be asked for. */
  | { readonly do: 'probe' }

/** What every command is answered with. */
export interface AdapterState {
  /** What the sources, the hub and the error handling have noticed, and how often. */
  readonly journal: Readonly<Record<string, number>>
  /** How many streams are open. */
  readonly size: number
  /** The ids of what was published by the command. */
  readonly ids: readonly string[]
  /** What the process is made of, by `probe`, and as far as it tells. */
  readonly process?: ProcessState
}

/** What a process tells of itself. */
export interface ProcessState {
  /** What keeps it alive, by kind. */
  readonly resources: Readonly<Record<string, number>>
  /** The listeners of the process itself, by event. */
  readonly listeners: Readonly<Record<string, number>>
  /** Bytes in use, buffers included. */
  readonly bytes: number
}

/** The parts of an application that commands concern. */
export interface Controlled {
  readonly journal: Journal
  readonly hubs: Hubs
  readonly gate: Gate
}

/**
 * Carries out a command of the contract.
 *
 * @throws {TypeError} if it is none.
 */
export async function control(app: Controlled, command: AdapterCommand): Promise<AdapterState> {
  const { journal, hubs } = app
  const ids = await carryOut(app, command)
  const state = { journal: journal.counts, size: hubs.size, ids }
  if (command.do !== 'probe') return state
  const process = processState()
  return process === undefined ? state : { ...state, process }
}

async function carryOut({ hubs, gate }: Controlled, command: AdapterCommand): Promise<readonly string[]> {
  switch (command.do) {
    case 'look':
    case 'probe':
      return []
    case 'publish':
      return publish(hubs, command.hub ?? 'main', command.topic, command.events)
    case 'fill':
      return publish(hubs, command.hub, command.topic, numbered(command))
    case 'open the gate':
      gate.open()
      return []
    case 'close':
      await hubs.close()
      return []
  }
}

async function publish(
  hubs: Hubs,
  name: HubName,
  topic: string,
  events: Iterable<Publication<AnyEvents>>,
): Promise<readonly string[]> {
  const ids: string[] = []
  for (const event of events) ids.push(await hubs.named(name).publish(topic, event))
  return ids
}

function* numbered({
  from,
  count,
  length,
}: {
  from: number
  count: number
  length: number
}): Generator<Publication<AnyEvents>> {
  for (let n = from; n < from + count; n++) yield { data: `${n} `.padEnd(length, 'x') }
}

const COMMANDS: readonly string[] = [
  'look',
  'publish',
  'fill',
  'open the gate',
  'close',
  'probe',
] satisfies readonly AdapterCommand['do'][]

/** Whether something is a command: as far as is needed to refuse what an adapter has not parsed. */
export function isCommand(command: unknown): command is AdapterCommand {
  if (typeof command !== 'object' || command === null || !('do' in command)) return false
  if ('hub' in command && !HUB_NAMES.some((name) => name === command.hub)) return false
  return typeof command.do === 'string' && COMMANDS.includes(command.do)
}

/** What Node has of this, and others in part. */
interface Runtime {
  readonly gc?: () => void
  readonly process?: {
    getActiveResourcesInfo?(): readonly string[]
    memoryUsage?(): { readonly heapUsed: number; readonly arrayBuffers: number }
    eventNames?(): readonly (string | symbol)[]
    listenerCount?(name: string | symbol): number
  }
}

function processState(): ProcessState | undefined {
  const { gc, process } = globalThis as Runtime
  if (process?.getActiveResourcesInfo === undefined || process.memoryUsage === undefined) return undefined
  gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  const listeners: Record<string, number> = {}
  for (const name of process.eventNames?.() ?? []) listeners[String(name)] = process.listenerCount?.(name) ?? 0
  return { resources: countsOf(process.getActiveResourcesInfo()), listeners, bytes: heapUsed + arrayBuffers }
}

function countsOf(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
