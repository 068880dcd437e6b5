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

/** What every command is answered with. */
export interface AdapterState {
  /** What the sources, the hub and the error handling have noticed, and how often. */
  readonly journal: Readonly<Record<string, number>>
  /** How many streams are open. */
  readonly size: number
  /** The ids of what was published by the command. */
  readonly ids: readonly string[]
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
  return { journal: journal.counts, size: hubs.size, ids }
}

async function carryOut({ hubs, gate }: Controlled, command: AdapterCommand): Promise<readonly string[]> {
  switch (command.do) {
    case 'look':
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
] satisfies readonly AdapterCommand['do'][]

/** Whether something is a command: as far as is needed to refuse what an adapter has not parsed. */
export function isCommand(command: unknown): command is AdapterCommand {
  if (typeof command !== 'object' || command === null || !('do' in command)) return false
  if ('hub' in command && !HUB_NAMES.some((name) => name === command.hub)) return false
  return typeof command.do === 'string' && COMMANDS.includes(command.do)
}
