/** What is used of it here. */
declare module 'koa-session' {
  import type Koa from 'koa'

  export default function session(options: { readonly autoCommit?: boolean }, app: Koa): Koa.Middleware
}
