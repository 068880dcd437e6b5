/** Earlier versions of Koa under other names; what is used of them here has the types of Koa 3. */
declare module 'koa2.15' {
  import Koa from 'koa'

  export default Koa
}

declare module 'koa2.16' {
  import Koa from 'koa'

  export default Koa
}
