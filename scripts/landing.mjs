// What the types of the core need.
/// <reference lib="es2024.string" />
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** @import { DemoState, Demo } from './demos.mjs' */

/**
 * @typedef {object} Shown a demo on the page
 * @property {Demo} demo
 * @property {number} port
 *
 * @typedef {object} DemoEvent what the page is told of a demo
 * @property {string} name
 * @property {DemoState} state
 * @property {string | undefined} detail why, where that is not plain
 *
 * @typedef {object} Landing
 * @property {string} url
 * @property {Promise<unknown>} closed
 * @property {(name: string, state: DemoState, detail?: string) => void} tell tells everyone who looks how a demo is
 * @property {() => void} stop
 */

const DEMOS = 'demos'
const COUNTS = ['No demo', 'One demo', 'Two demos', 'Three demos', 'Four demos', 'Five demos', 'Six demos']
const SECURITY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"

/**
 * Serves a page that leads to each demo and shows how it is: over a stream of `@sse/core`, which has to be built by now.
 *
 * @param {readonly Shown[]} shown
 * @param {number} port
 * @returns {Promise<Landing>}
 */
export async function startLandingPage(shown, port) {
  const { createHub, eventStream } = await loadCore()
  /** @type {Map<string, DemoEvent>} */
  const states = new Map(shown.map(({ demo: { name } }) => [name, { name, state: 'starting', detail: undefined }]))
  /** @type {import('../packages/core/src/index.ts').Hub<{ demo: DemoEvent }>} */
  const hub = createHub({ retry: 1_000 })
  const stream = hub.subscribe(DEMOS, {
    snapshot: () => Array.from(states.values(), (data) => ({ event: /** @type {const} */ ('demo'), data })),
  })
  const files = filesOf(shown)

  /** @type {import('node:http').RequestListener} */
  const serve = (request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?')
    const file = path === '/' ? { type: 'text/html; charset=utf-8', body: page(shown, states) } : files.get(path)
    const head = { 'Content-Type': file?.type, 'Content-Security-Policy': SECURITY }
    if (path === '/events') eventStream(request, response, stream)
    else if (file === undefined) response.writeHead(404).end()
    else response.writeHead(200, head).end(file.body)
  }
  const server = createServer(serve)
  const closed = once(server, 'close')
  const listening = once(server, 'listening')
  server.listen(port)
  await listening

  return {
    url: `http://localhost:${port}`,
    closed,
    tell(name, state, detail) {
      if (!server.listening) return
      const event = { name, state, detail }
      states.set(name, event)
      hub.publish(DEMOS, { event: 'demo', data: event, key: name })
    },
    stop() {
      server.close()
      void hub.close().then(() => server.closeAllConnections())
    },
  }
}

/**
 * The core as it was built. It is looked for only now, since this file is loaded before anything is built.
 *
 * @returns {Promise<typeof import('../packages/core/src/index.ts') & typeof import('../packages/core/src/node.ts')>}
 */
async function loadCore() {
  const entry = (/** @type {string} */ name) =>
    import(new URL(`../packages/core/dist/${name}.js`, import.meta.url).href)
  return { ...(await entry('index')), ...(await entry('node')) }
}

/**
 * What the page loads, by its path.
 *
 * @param {readonly Shown[]} shown
 * @returns {Map<string, { readonly type: string, readonly body: Buffer }>}
 */
function filesOf(shown) {
  const { resolve } = createRequire(new URL('../tooling/package.json', import.meta.url))
  const fonts = join(dirname(resolve('@fontsource-variable/inter/LICENSE')), 'files')
  const own = (/** @type {string} */ name) => readFileSync(new URL(`landing/${name}`, import.meta.url))
  const files = new Map([
    ['/page.css', { type: 'text/css; charset=utf-8', body: own('page.css') }],
    ['/page.js', { type: 'text/javascript; charset=utf-8', body: own('page.js') }],
    ['/icon.svg', { type: 'image/svg+xml', body: own('icon.svg') }],
    ['/inter.woff2', { type: 'font/woff2', body: readFileSync(join(fonts, 'inter-latin-opsz-normal.woff2')) }],
  ])
  for (const { demo } of shown) {
    if (demo.icon === undefined || !existsSync(demo.icon)) continue
    files.set(`/icons/${demo.name}.svg`, { type: 'image/svg+xml', body: readFileSync(demo.icon) })
  }
  return files
}

/**
 * @param {readonly Shown[]} shown
 * @param {ReadonlyMap<string, DemoEvent>} states
 */
function page(shown, states) {
  const cards = shown.map((each) => card(each, states.get(each.demo.name)))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>@sse demos</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="preload" href="/inter.woff2" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="/page.css">
<script type="module" src="/page.js"></script>
</head>
<body>
<header>
  <h1>${COUNTS[shown.length] ?? `${shown.length} demos`}, one kind of stream.</h1>
  <p>Server-Sent Events that hold up, by <code>@sse/core</code> and an adapter for each framework. Every demo is a server of
  its own: open one, break it, and count what you missed.</p>
</header>
<main>
<ul class="demos">
${cards.join('\n')}
</ul>
</main>
<section class="wire" aria-labelledby="wire-title">
  <h2 id="wire-title">This page is a stream, too <a href="/events">/events</a></h2>
  <pre id="wire" tabindex="0" aria-label="The newest events">connecting …</pre>
</section>
</body>
</html>
`
}

/**
 * @param {Shown} shown
 * @param {DemoEvent | undefined} status
 */
function card({ demo, port }, { state, detail = '' } = { name: demo.name, state: 'starting', detail: undefined }) {
  const icon =
    demo.icon === undefined
      ? ''
      : `<img src="/icons/${encodeURIComponent(demo.name)}.svg" alt="" width="52" height="52">`
  const framework = demo.framework === undefined ? '' : `<span class="framework">${escapeHtml(demo.framework)}</span>`
  return `<li class="demo" data-name="${escapeHtml(demo.name)}" data-state="${state}" data-port="${port}">
  ${icon}
  <h2><a href="http://localhost:${port}">${escapeHtml(titleOf(demo))}</a> ${framework}</h2>
  <p class="shows">${escapeHtml(sentenceOf(demo))}</p>
  <p class="status"><span class="lamp"></span><span class="state" role="status">${state}</span> <span class="address">localhost:${port}</span></p>
  <p class="detail">${escapeHtml(detail)}</p>
</li>`
}

/** @param {Demo} demo */
function titleOf({ name }) {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

/**
 * What a demo shows: its description, without what the card says beside it.
 *
 * @param {Demo} demo
 */
function sentenceOf({ description, framework }) {
  const words = description.replace(/^Demo: /, '').replace(`, with ${framework}`, '')
  return words === '' ? '' : `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

/** @param {string} text */
function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
