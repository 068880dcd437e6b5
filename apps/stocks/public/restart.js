/**
 * @import {Chart} from './chart.js'
 * @import {Feed} from './feed.js'
 */
import { count, duration } from './format.js'
import { request } from './request.js'
import { Trial } from './trial.js'

/**
 * *Restart the server's log*: nobody can prove any more what this tab has missed, so it gets a gap and a snapshot.
 *
 * @param {{ feed: Feed, chart: Chart }} page
 */
export function restartTrial({ feed, chart }) {
  return new Trial('restart', async (outcome, signal) => {
    const started = performance.now()
    const restarted = request('restart-log', { method: 'POST', signal })
    outcome.say('The log begins a new epoch. Waiting for what the server says …')
    const [gap, market] = await Promise.all([feed.next('gap', signal), feed.next('market', signal), restarted])
    const live = await nextLive(feed, signal)
    chart.mark({ from: chart.now, to: chart.now, label: 'log restarted' })
    outcome.conclude({
      figures: {
        gap: gap.reason,
        'prices sent': count(market.listings.length),
        'live after': duration(performance.now() - started),
      },
      verdict: 'You were told, and the connection stayed open.',
      detail:
        `The gap runs from ${gap.from ?? 'an unknown place'} to ${gap.to ?? 'the snapshot'}. The snapshot holds all up to ` +
        `tick ${count(market.n)}; ${count(live)} was live again.`,
    })
  })
}

/**
 * @param {Feed} feed
 * @param {AbortSignal} signal
 * @returns {Promise<number>} the number of the next tick that comes as it happens
 */
async function nextLive(feed, signal) {
  for (;;) {
    const { price, arrival } = await feed.next('price', signal)
    if (arrival === 'live') return price.n
  }
}
