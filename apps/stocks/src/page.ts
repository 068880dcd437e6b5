import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import express, { Router } from 'express'

/**
 * Whose page it is: of the only server, of one node of several on that node's own port, or of the balancer before them.
 * What the page shows for one of them alone says so in `data-only`.
 */
export type PageOf = 'server' | 'node' | 'balancer'

const { resolve } = createRequire(import.meta.url)
const own = fileURLToPath(new URL('../public', import.meta.url))

/** What the page uses of installed packages, by the path under which it asks for it. */
const vendor = {
  '/vendor/uplot.js': resolve('uplot/dist/uPlot.esm.js'),
  '/vendor/uplot.css': resolve('uplot/dist/uPlot.min.css'),
  '/vendor/eventsource-parser': dirname(resolve('eventsource-parser')),
  '/vendor/fonts': join(dirname(resolve('@fontsource-variable/inter/LICENSE')), 'files'),
}

/** Serves the page as it lies in `public/`: no build step, and nothing that comes from elsewhere. */
export function servePage(of: PageOf): Router {
  const html = readFileSync(join(own, 'index.html'), 'utf8').replace('<body>', `<body data-of="${of}">`)
  const router = Router()
  router.use((_req, res, next) => {
    res.set('Content-Security-Policy', "default-src 'self'; frame-ancestors 'none'; base-uri 'none'")
    next()
  })
  router.get('/', (_req, res) => {
    res.type('html').send(html)
  })
  router.use(express.static(own))
  for (const [path, file] of Object.entries(vendor)) router.use(path, express.static(file))
  return router
}
