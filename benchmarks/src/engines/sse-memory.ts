import { memoryLog } from '@sse/core'
import { eventLog } from './event-log.ts'
import type { Subject } from './subject.ts'

/** The log of one process, for comparison. */
export const subject: Subject = {
  packages: ['@sse/core'],
  async connect({ retained }) {
    const log = memoryLog()
    return eventLog(() => log, retained)
  },
}
