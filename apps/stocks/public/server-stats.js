/**
 * @import {HubStats} from '@sse/core'
 */
import { byId, element } from './elements.js'
import { bytes, count } from './format.js'

const REFRESH = 2_000

/** Shows `/stats` at the foot of the page, every two seconds while somebody looks. */
export function showServerStats() {
  void refresh()
  setInterval(() => {
    if (document.visibilityState === 'visible') void refresh()
  }, REFRESH)
}

async function refresh() {
  try {
    const response = await fetch('stats')
    show(await response.json())
  } catch {
    // The server is away, as the lamp at the top says; the figures stay until it is back.
  }
}

/** @param {HubStats} stats */
function show(stats) {
  const figures = {
    Clients: count(stats.connections),
    Lagging: count(stats.lagging),
    Published: count(stats.published),
    Delivered: count(stats.delivered),
    Sent: bytes(stats.bytes),
    Ring: `${count(stats.ring.events)} events, ${bytes(stats.ring.bytes)}`,
    Gaps: count(Object.values(stats.gaps).reduce((sum, each) => sum + each, 0)),
  }
  const rows = Object.entries(figures).map(([label, value]) =>
    element('div', '', element('dt', '', label), element('dd', '', value)),
  )
  byId('stats').replaceChildren(...rows)
}
