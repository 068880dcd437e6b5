import { fetch } from './app.ts'

/** The part of Bun that is used here. */
declare const Bun: {
  serve(options: { fetch: typeof fetch; hostname: string; port: number; idleTimeout: number }): {
    readonly port: number
  }
}

// What is idle for so many seconds is cut: the default, 10, would keep a test waiting.
console.log(Bun.serve({ fetch, hostname: '127.0.0.1', port: 0, idleTimeout: 1 }).port)
