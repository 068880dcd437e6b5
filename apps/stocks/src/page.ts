import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import express, { Router } from 'express'

const { resolve } = createRequire(import.meta.url)

/** What the page uses of installed packages, by the path under which it asks for it. */
const vendor = {
  '/vendor/uplot.js': resolve('uplot/dist/uPlot.esm.js'),
  '/vendor/uplot.css': resolve('uplot/dist/uPlot.min.css'),
  '/vendor/eventsource-parser': dirname(resolve('eventsource-parser')),
  '/vendor/fonts': join(dirname(resolve('@fontsource-variable/inter/LICENSE')), 'files'),
}

/** Serves the page as it lies in `public/`: no build step, and nothing that comes from elsewhere. */
export function servePage(): Router {
  const router = Router()
  router.use((_req, res, next) => {
    res.set('Content-Security-Policy', "default-src 'self'; frame-ancestors 'none'; base-uri 'none'")
    next()
  })
  router.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))
  for (const [path, file] of Object.entries(vendor)) router.use(path, express.static(file))
  return router
}
