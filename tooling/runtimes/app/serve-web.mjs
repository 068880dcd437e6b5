/** Serves a handler of Web requests by what the runtime has for it; on Node by Hono's server. */
export async function serveWeb(fetch) {
  const { Bun, Deno } = globalThis
  const hostname = '127.0.0.1'
  const announce = ({ port }) => console.log(port)
  if (Bun !== undefined) return announce(Bun.serve({ fetch, hostname, port: 0 }))
  if (Deno !== undefined) return Deno.serve({ hostname, port: 0, onListen: announce }, fetch)
  const { serve } = await import('@hono/node-server')
  return serve({ fetch, hostname, port: 0 }, announce)
}
