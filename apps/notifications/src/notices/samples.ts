import type { Draft } from './notice.ts'
import type { Notices } from './notices.service.ts'

/** What lies in every pigeonhole when the demo begins, so that nobody opens an empty one. */
const welcome: readonly Draft[] = [
  {
    kind: 'invoice',
    title: 'Invoice 2026-117 was paid',
    text: 'Halvorsen & Sons, 4,280.00 €. Two days early.',
  },
  {
    kind: 'deploy',
    title: 'api 4.2.0 is live in Frankfurt',
    text: 'Rolled out in 3 min 12 s. The error rate did not move.',
  },
]

/** Sends everyone something to begin with. */
export async function fillPigeonholes(notices: Notices): Promise<void> {
  for (const draft of welcome) await notices.send(draft, 'all')
}
