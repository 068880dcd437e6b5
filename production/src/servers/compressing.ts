import compression from 'compression'
import type { RequestHandler } from 'express'
import type { Site } from './site.ts'

/** Express `compression`, as a site asks for it. */
export function compressing(compresses: Site['compresses']): RequestHandler {
  return compression(compresses === 'all' ? { threshold: 0, filter: () => true } : {})
}
