import type { NestExpressApplication } from '@nestjs/platform-express'
import type { NextFunction, Request, Response } from 'express'
import { assets, fonts } from './files.ts'

/** What every response says: pages load nothing from elsewhere, and nobody frames them. */
const SECURITY_HEADERS = {
  'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
} as const

/** Gives the application what lies beside its routes: headers, and the files that the pages load. */
export function serveFiles(app: NestExpressApplication): NestExpressApplication {
  app.disable('x-powered-by')
  app.use((_request: Request, response: Response, next: NextFunction) => {
    response.set(SECURITY_HEADERS)
    next()
  })
  app.useStaticAssets(assets, { index: false })
  for (const directory of fonts) app.useStaticAssets(directory, { prefix: '/fonts/' })
  return app
}
