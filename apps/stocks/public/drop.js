/**
 * @import {Chart} from './chart.js'
 * @import {Feed} from './feed.js'
 */
import { count, duration } from './format.js'
import { request } from './request.js'
import { Trial } from './trial.js'

/**
 * *Drop my connection*: the server ends this tab's stream, and the ticks' numbers show what the reconnect brought.
 *
 * @param {{ feed: Feed, chart: Chart, client: string }} page
 */
export function dropTrial({ feed, chart, client }) {
  return new Trial('drop', async (outcome, signal) => {
    const dropped = request(`drop?client=${client}`, { method: 'POST', signal })
    outcome.say('The server ends the stream. Waiting for your browser to come back …')
    const [{ replayed, from, to, missing, away, id }] = await Promise.all([feed.next('resumed', signal), dropped])
    chart.mark({ from: chart.now - away, to: chart.now, label: `${count(replayed)} ticks replayed` })
    outcome.conclude({
      figures: { replayed: count(replayed), missing: count(missing), away: duration(away) },
      verdict: missing === 0 ? 'Nothing is missing.' : `${count(missing)} ticks never came.`,
      detail:
        `Your browser brought the id ${id}; the server sent ticks ${count(from + 1)} to ${count(to)} from its ring and went ` +
        'on live.',
    })
  })
}
