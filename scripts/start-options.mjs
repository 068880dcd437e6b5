import { parseArgs } from 'node:util'

/** At most so many nodes: each is a process. */
const MAX_NODES = 9
const DEFAULT_NODES = 3

/** The engines that a log can be in, by the schemes of their addresses; the first is the usual one. */
const SCHEMES = {
  redis: ['redis:', 'rediss:'],
  nats: ['nats:', 'tls:'],
}

/** What `npm start -- --help` prints. */
export const help = `npm start                               the demos, each a server of its own, behind one page
npm start -- --nodes 3 --log redis      the stocks demo on three nodes, which share one log

  --log redis|nats   the engine that keeps the log: Redis, or NATS with JetStream
  --nodes <1-${MAX_NODES}>      how many nodes there are; default ${DEFAULT_NODES}
  --url <address>    an engine that runs already, such as redis://localhost:6379 or nats://localhost:4222;
                     without it one is started, from redis-server or nats-server on PATH
  --help             this

  PORT               in the environment: the port of the page; what it leads to takes the next free ones
  SEED               in the environment: decides every price of the stocks demo
`

/**
 * @typedef {keyof typeof SCHEMES} EngineName
 *
 * @typedef {object} SeveralNodes
 * @property {number} nodes
 * @property {EngineName} engine
 * @property {string | undefined} url of an engine that runs already
 */

/**
 * Reads the arguments of `npm start`.
 *
 * @param {readonly string[]} args
 * @returns {'help' | SeveralNodes | undefined} undefined: all demos, each on one server
 * @throws {Error} that names the argument, and what is allowed
 */
export function startOptions(args) {
  const { help: isHelp, nodes, log, url } = parse(args)
  if (isHelp) return 'help'
  if (log === undefined) {
    const lonely = Object.entries({ nodes, url }).find(([, value]) => value !== undefined)
    if (lonely === undefined) return undefined
    throw new Error(`--${lonely[0]} needs --log redis or --log nats: it is about nodes that share a log in an engine`)
  }
  if (!isEngine(log)) throw new Error(`--log must be redis or nats, not ${quoted(log)}`)
  return { engine: log, nodes: nodeCount(nodes), url: engineUrl(log, url) }
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        nodes: { type: 'string' },
        log: { type: 'string' },
        url: { type: 'string' },
      },
    })
    return values
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${help}`)
  }
}

/**
 * @param {string} log
 * @returns {log is EngineName}
 */
function isEngine(log) {
  return Object.hasOwn(SCHEMES, log)
}

/** @param {string | undefined} text */
function nodeCount(text) {
  if (text === undefined) return DEFAULT_NODES
  const count = /^\d+$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= MAX_NODES) return count
  throw new Error(`--nodes must be a whole number from 1 to ${MAX_NODES}, not ${quoted(text)}`)
}

/**
 * @param {EngineName} engine
 * @param {string | undefined} text
 */
function engineUrl(engine, text) {
  if (text === undefined) return undefined
  const schemes = SCHEMES[engine]
  const { protocol, hostname } = URL.canParse(text) ? new URL(text) : { protocol: '', hostname: '' }
  if (schemes.includes(protocol) && hostname !== '') return text
  // Not repeated: it may hold a password.
  throw new Error(`--url must be the address of ${engine}, ${schemes[0]}//host:port (${schemes.join(', ')})`)
}

/** @param {string} text */
function quoted(text) {
  return JSON.stringify(text)
}
