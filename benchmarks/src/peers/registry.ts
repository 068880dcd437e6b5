import type { Peer } from './peer.ts'

const loaders = {
  bare: () => import('./bare.ts'),
  'hand-written': () => import('./hand-written.ts'),
  'better-sse': () => import('./better-sse.ts'),
  'better-sse-batch': () => import('./better-sse-batch.ts'),
  koa: () => import('./koa.ts'),
  hono: () => import('./hono.ts'),
  nest: () => import('./nest.ts'),
  fastify: () => import('./fastify.ts'),
  'sse-core': () => import('./sse-core.ts'),
  'sse-core-patient': () => import('./sse-core-patient.ts'),
  'sse-core-otel': () => import('./sse-core-otel.ts'),
  'sse-core-otel-sdk': () => import('./sse-core-otel-sdk.ts'),
  'sse-express': () => import('./sse-express.ts'),
  'sse-koa': () => import('./sse-koa.ts'),
  'sse-hono': () => import('./sse-hono.ts'),
  'sse-nest': () => import('./sse-nest.ts'),
} satisfies Record<string, () => Promise<{ peer: Peer }>>

/** A peer's name is its file's. */
export type PeerName = keyof typeof loaders

/** All peers. */
export const peerNames: readonly PeerName[] = Object.keys(loaders).filter(isPeerName)

/** Loads one peer and nothing of the others, so that a process holds only what it measures. */
export async function loadPeer(name: PeerName): Promise<Peer> {
  const { peer } = await loaders[name]()
  return peer
}

/** Whether this is the name of a peer. */
export function isPeerName(name: string | undefined): name is PeerName {
  return name !== undefined && Object.hasOwn(loaders, name)
}
