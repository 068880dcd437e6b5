import type { Peer } from './peer.ts'

/** `@sse/express`. */
export const peer: Peer = {
  packages: ['@sse/express'],
  start: () => Promise.reject(new Error('not measured yet')),
}
