import type { Peer } from './peer.ts'

/** `@sse/core`. */
export const peer: Peer = {
  packages: ['@sse/core'],
  start: () => Promise.reject(new Error('not measured yet')),
}
