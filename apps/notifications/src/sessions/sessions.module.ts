import { Module } from '@nestjs/common'
import { SessionsController } from './sessions.controller.ts'
import { Sessions } from './sessions.service.ts'

/** Who is signed in. */
@Module({ controllers: [SessionsController], providers: [Sessions], exports: [Sessions] })
export class SessionsModule {}
