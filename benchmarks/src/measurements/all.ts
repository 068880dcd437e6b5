import { burst } from './burst.ts'
import { idle, open } from './connections.ts'
import { fanout } from './fanout.ts'
import { generator } from './generator.ts'
import type { Measurement } from './measurement.ts'
import { resume } from './resume.ts'
import { stalled } from './stalled.ts'

/** Every measurement, in the order of the report. */
export const measurements: readonly Measurement[] = [fanout, burst, idle, open, stalled, generator, resume]
