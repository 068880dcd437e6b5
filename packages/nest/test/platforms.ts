import type { AbstractHttpAdapter } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'

/** One of the platforms below Nest. */
export interface Platform {
  readonly name: string
  readonly adapter: () => AbstractHttpAdapter
}

/** What is true on one is true on the other. */
export const PLATFORMS: readonly Platform[] = [
  { name: 'Express', adapter: () => new ExpressAdapter() },
  { name: 'Fastify', adapter: () => new FastifyAdapter() },
]
