import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Middleware } from 'koa'
import serve from 'koa-static'

const { resolve } = createRequire(import.meta.url)

/** What the page uses of installed packages, by the path under which it asks for it. */
const fonts: ReadonlyMap<string, string> = new Map([
  ['/fonts/nameplate.woff2', fontOf('grenze-gotisch/files/grenze-gotisch-latin-wght-normal.woff2')],
  ['/fonts/text.woff2', fontOf('newsreader/files/newsreader-latin-opsz-normal.woff2')],
  ['/fonts/label.woff2', fontOf('libre-franklin/files/libre-franklin-latin-wght-normal.woff2')],
])

function fontOf(path: string): string {
  return resolve(`@fontsource-variable/${path}`)
}

/** Serves the page as it lies in `public/`: no build step, and nothing that comes from elsewhere. */
export function servePage(): Middleware {
  const files = serve(fileURLToPath(new URL('../public', import.meta.url)))
  return async (ctx, next) => {
    ctx.set('Content-Security-Policy', "default-src 'self'; frame-ancestors 'none'; base-uri 'none'")
    const font = fonts.get(ctx.path)
    if (font === undefined) return files(ctx, next)
    ctx.type = 'woff2'
    ctx.set('Cache-Control', 'public, max-age=86400')
    ctx.body = await readFile(font)
  }
}
