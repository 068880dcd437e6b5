import Koa from 'koa'
import Koa215 from 'koa2.15'
import Koa216 from 'koa2.16'

/** The versions of Koa that the package is for: what is true on one is true on all. */
export const VERSIONS: readonly { readonly name: string; readonly Koa: typeof Koa }[] = [
  { name: 'Koa 2.15', Koa: Koa215 },
  { name: 'Koa 2.16', Koa: Koa216 },
  { name: 'Koa 3', Koa },
]
