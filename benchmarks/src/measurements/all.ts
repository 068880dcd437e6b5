import { besideStalled } from './beside-stalled.ts'
import { burst } from './burst.ts'
import { idle, open } from './connections.ts'
import { fanout } from './fanout.ts'
import { follow } from './follow.ts'
import { generator } from './generator.ts'
import { idleNodes } from './idle-nodes.ts'
import { latency } from './latency.ts'
import type { Measurement } from './measurement.ts'
import { nodes } from './nodes.ts'
import { publish } from './publish.ts'
import { resume } from './resume.ts'
import { stalled } from './stalled.ts'
import { start } from './start.ts'
import { telemetry } from './telemetry.ts'

/** Every measurement, in the order of the report. */
export const measurements: readonly Measurement[] = [
  fanout,
  telemetry,
  burst,
  idle,
  open,
  stalled,
  besideStalled,
  generator,
  resume,
  follow,
  publish,
  latency,
  start,
  idleNodes,
  nodes,
]
