import { Module, ValidationPipe } from '@nestjs/common'
import { APP_GUARD, APP_PIPE } from '@nestjs/core'
import { SseModule } from '@sse/nest'
import type { Request } from 'express'
import { AdminModule } from './admin/admin.module.ts'
import { NoticesModule } from './notices/notices.module.ts'
import { PagesModule } from './pages/pages.module.ts'
import { SameOriginGuard } from './sessions/same-origin.guard.ts'
import { SessionsModule } from './sessions/sessions.module.ts'

/** The demo. */
@Module({
  imports: [
    SseModule.forRoot({
      // Who a stream belongs to: what the guard has found. `hub.disconnect({ principal })` ends all of theirs.
      principal: (request: Request) => request.principal,
      // Soon, since one button of the demo ends streams.
      retry: 1_000,
      limits: { perPrincipal: 20 },
    }),
    SessionsModule,
    NoticesModule,
    AdminModule,
    PagesModule,
  ],
  providers: [
    { provide: APP_GUARD, useClass: SameOriginGuard },
    // Bodies are what their class says, or are refused.
    {
      provide: APP_PIPE,
      useFactory: () => new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }),
    },
  ],
})
export class AppModule {}
