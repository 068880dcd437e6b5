import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'

const { resolve } = createRequire(import.meta.url)

/** What the page uses of installed packages: their folders, by the path under which it asks for them. */
const vendor = {
  '/vendor/eventsource-parser': dirname(resolve('eventsource-parser')),
  '/vendor/archivo': filesOf('@fontsource-variable/archivo'),
  '/vendor/geist-mono': filesOf('@fontsource-variable/geist-mono'),
  '/vendor/source-serif-4': filesOf('@fontsource-variable/source-serif-4'),
}

/** Serves the page as it lies in `public/`: no build step, and nothing that comes from elsewhere. */
export const page = new Hono()
for (const [path, root] of Object.entries(vendor)) {
  page.use(`${path}/*`, serveStatic({ root, rewriteRequestPath: (requested) => requested.slice(path.length) }))
}
page.use(serveStatic({ root: fileURLToPath(new URL('../public', import.meta.url)) }))

function filesOf(fontsource: string): string {
  return join(dirname(resolve(`${fontsource}/LICENSE`)), 'files')
}
