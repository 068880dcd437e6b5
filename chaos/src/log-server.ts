import type { Engine } from '@sse/tooling/engines'
import type { FinalLog } from './history.ts'

/** The engine of a run, and what can be done to its log from outside. */
export interface LogServer {
  readonly engine: Engine
  /** Removes the oldest, so that about `keep` stay, and answers the newest position that may be gone. */
  trim(keep: number): Promise<number>
  flush(): Promise<void>
  delete(): Promise<void>
  recreate(): Promise<void>
  /** Cuts the connections of everyone. */
  killClients(): Promise<void>
  /** What stands there, of the given epoch. */
  read(epoch: string): Promise<FinalLog>
}

/** The number of an event, wherever it stands in what was stored. */
export function serialIn(text: string): number | undefined {
  const match = /\\?"n\\?":(\d+)/.exec(text)
  return match === null ? undefined : Number(match[1])
}
