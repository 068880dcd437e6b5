import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import type { NestExpressApplication } from '@nestjs/platform-express'
import { AppModule } from './app.module.ts'
import { Notices } from './notices/notices.service.ts'
import { fillPigeonholes } from './notices/samples.ts'
import { serveFiles } from './serve.ts'

const DEFAULT_PORT = 3_000

const app = serveFiles(await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['error', 'warn'] }))
// The module of `@sse/nest` ends the streams first: nothing would close while they are open.
app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true })
await fillPigeonholes(app.get(Notices))
await app.listen(port())
console.log(`notifications ready on ${(await app.getUrl()).replace('[::1]', 'localhost')}`)

function port(): number {
  const text = process.env.PORT
  if (text === undefined || text === '') return DEFAULT_PORT
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new Error(`PORT must be 0 to 65535, not ${text}`)
  return value
}
