/**
 * @import {NodeIdentity} from '../src/events.ts'
 */
import { Board } from './board.js'
import { Chart } from './chart.js'
import { drawClientId } from './client-id.js'
import { dropTrial } from './drop.js'
import { byId } from './elements.js'
import { Feed } from './feed.js'
import { Nodes } from './nodes.js'
import { Quotes } from './quotes.js'
import { restartTrial } from './restart.js'
import { Selection } from './selection.js'
import { showServerStats } from './server-stats.js'
import { slowTrial } from './slow.js'
import { Vitals } from './vitals.js'

const client = drawClientId()
const feed = new Feed(client)
const quotes = new Quotes()
const selection = new Selection(['FJRD', 'JUNA', 'TDEN'])
const board = new Board(selection)
const chart = new Chart(quotes, selection)

feed.on('state', (state) => chart.setStreaming(state === 'open'))
feed.on('market', ({ seed, listings }) => {
  byId('seed').textContent = String(seed)
  byId('company-count').textContent = String(listings.length)
  quotes.reset(listings)
  board.reset(quotes)
})
feed.on('history', ({ symbol, points }) => quotes.setHistory(symbol, points))
feed.on('price', ({ price, arrival }) => {
  if (arrival === 'repeated') return
  chart.heard(price.at)
  const quote = quotes.take(price, arrival !== 'snapshot')
  if (quote !== undefined) board.update(quote, arrival === 'live')
})

new Vitals(feed)
dropTrial({ feed, chart, client })
restartTrial({ feed, chart })

const { of } = document.body.dataset
const nodes = of === 'balancer' ? new Nodes({ feed, chart, client }) : undefined
if (of === 'server') slowTrial({ client })
if (of !== 'balancer') showServerStats()
if (of === 'node') feed.on('opened', ({ node }) => leadToBalancer(node))

// A browser allows few connections to one server: a page that is gone, or kept for "back", must not hold any.
addEventListener('pagehide', () => {
  feed.close()
  nodes?.close()
})
addEventListener('pageshow', () => {
  feed.open()
  nodes?.open()
})

/** @param {NodeIdentity | null} node */
function leadToBalancer(node) {
  if (node === null) return
  byId('own-node').textContent = node.name
  const link = byId('balancer')
  if (link instanceof HTMLAnchorElement) link.href = `${location.protocol}//${location.hostname}:${node.balancerPort}/`
}
