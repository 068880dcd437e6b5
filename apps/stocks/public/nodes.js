/**
 * @import {FleetEvents, Killed, You} from '../src/nodes/status.ts'
 * @import {Chart} from './chart.js'
 * @import {Feed, Resumed} from './feed.js'
 */
import { byId } from './elements.js'
import { capitalized, count, duration } from './format.js'
import { NodeCard } from './node-card.js'
import { Outcome } from './outcome.js'
import { request } from './request.js'
import { TIME_LIMIT } from './trial.js'

const ENGINES = { redis: 'Redis', nats: 'NATS JetStream' }

/** The panel of nodes: which there are, who is on them, and what comes of it when one is killed. */
export class Nodes {
  #feed
  #client
  #outcome = new Outcome('nodes')
  /** @type {Map<string, NodeCard>} */
  #cards = new Map()
  /** @type {EventSource | undefined} */
  #source
  /** @type {FleetEvents['nodes'] | undefined} */
  #fleet
  /** @type {number | undefined} */
  #page

  /** @param {{ feed: Feed, chart: Chart, client: string }} page */
  constructor({ feed, chart, client }) {
    this.#feed = feed
    this.#client = client
    feed.on('opened', () => this.#show())
    feed.on('resumed', ({ before, node }) => {
      if (before !== node) chart.mark({ from: chart.now, to: chart.now, label: `now on ${node}` })
    })
  }

  open() {
    if (this.#source !== undefined) return
    const source = new EventSource(`nodes?client=${this.#client}`)
    this.#source = source
    source.addEventListener('you', ({ data }) => {
      /** @type {You} */
      const { page } = JSON.parse(data)
      this.#page = page
    })
    source.addEventListener('nodes', ({ data }) => {
      this.#fleet = JSON.parse(data)
      this.#show()
    })
    source.addEventListener('open', () => byId('nodes').classList.remove('is-away'))
    // All that is known of the nodes is what this stream says.
    source.addEventListener('error', () => byId('nodes').classList.add('is-away'))
  }

  close() {
    this.#source?.close()
    this.#source = undefined
  }

  #show() {
    if (this.#fleet === undefined) return
    const { engine, nodes } = this.#fleet
    const viewer = { engine: ENGINES[engine], node: this.#feed.node, page: this.#page }
    byId('engine').textContent = viewer.engine
    for (const node of nodes) this.#cardOf(node).show(node, viewer)
  }

  /** @param {FleetEvents['nodes']['nodes'][number]} node */
  #cardOf(node) {
    const known = this.#cards.get(node.name)
    if (known !== undefined) return known
    const card = new NodeCard(node, (action) => void this.#press(node.name, action))
    this.#cards.set(node.name, card)
    byId('node-list').append(card.element)
    return card
  }

  /**
   * @param {string} name
   * @param {'kill' | 'start'} action
   */
  async #press(name, action) {
    const signal = AbortSignal.timeout(TIME_LIMIT)
    this.#outcome.setBusy(true)
    try {
      if (action === 'kill') await this.#kill(name, signal)
      else await this.#start(name, signal)
    } catch (error) {
      this.#outcome.say(`That did not work: ${error instanceof Error ? error.message : error}`)
    } finally {
      this.#outcome.setBusy(false)
    }
  }

  /**
   * @param {string} name
   * @param {AbortSignal} signal
   */
  async #start(name, signal) {
    this.#outcome.say(`${capitalized(name)} starts, and reads the log’s tail before it is ready …`)
    await request(`nodes/${encodeURIComponent(name)}/start`, { method: 'POST', signal })
    this.#outcome.say(
      `${capitalized(name)} is up again, with the same history as the others. New streams are led to it.`,
    )
  }

  /**
   * @param {string} name
   * @param {AbortSignal} signal
   */
  async #kill(name, signal) {
    const { node, sequence } = this.#feed
    const isHere = node === name
    const resumed = isHere ? this.#feed.next('resumed', signal) : undefined
    const killed = request(`nodes/${encodeURIComponent(name)}/kill`, { method: 'POST', signal })
    if (isHere) this.#outcome.say(`${capitalized(name)} is killed. Waiting for your browser to come back …`)
    const [outcome, response] = await Promise.all([resumed, killed])
    /** @type {Killed} */
    const { pid } = await response.json()
    if (outcome !== undefined) {
      this.#tellResumed(outcome, pid)
      return
    }
    this.#outcome.conclude({
      figures: { missing: count(sequence.missing), twice: count(sequence.repeated) },
      verdict: 'This page has noticed nothing.',
      detail: `${capitalized(name)} (process ${pid}) got a SIGKILL. The stream of this page comes from ${node ?? 'another node'}.`,
    })
  }

  /**
   * @param {Resumed} resumed
   * @param {number | null} pid
   */
  #tellResumed({ replayed, missing, repeated, away, id, before, node, from, to }, pid) {
    this.#outcome.conclude({
      figures: {
        replayed: count(replayed),
        missing: count(missing),
        twice: count(repeated),
        away: duration(away),
      },
      verdict: missing === 0 && repeated === 0 ? 'Nothing is missing.' : 'That is not what was promised.',
      detail:
        `${capitalized(before ?? 'It')} (process ${pid}) got a SIGKILL. Your browser came back with the id ${id}; ${node} knew it, though it ` +
        `had never seen this page, and sent ticks ${count(from + 1)} to ${count(to)} from its own ring.`,
    })
  }
}
