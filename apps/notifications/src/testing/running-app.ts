import type { NestExpressApplication } from '@nestjs/platform-express'
import { Test } from '@nestjs/testing'
import { SseHub } from '@sse/nest'
import { AppModule } from '../app.module.ts'
import type { PigeonholeEvents } from '../events.ts'
import { Notices } from '../notices/notices.service.ts'
import { serveFiles } from '../serve.ts'

/** The demo as it is served, with what tests look at. */
export interface RunningApp {
  /** Where it is. */
  readonly base: string
  readonly hub: SseHub<PigeonholeEvents>
  readonly notices: Notices
  close(): Promise<void>
}

/** Starts the demo on a free port, with empty pigeonholes. */
export async function startApp(): Promise<RunningApp> {
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile()
  const app = serveFiles(module.createNestApplication<NestExpressApplication>({ logger: ['error', 'warn'] }))
  await app.listen(0)
  return {
    base: (await app.getUrl()).replace('[::1]', 'localhost'),
    hub: app.get<SseHub<PigeonholeEvents>>(SseHub),
    notices: app.get(Notices),
    close: () => app.close(),
  }
}
