import { fetch } from './app.ts'

/** The part of Deno that is used here. */
declare const Deno: {
  serve(
    options: { hostname: string; port: number; onListen(address: { readonly port: number }): void },
    handler: typeof fetch,
  ): unknown
}

Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: ({ port }) => console.log(port) }, fetch)
