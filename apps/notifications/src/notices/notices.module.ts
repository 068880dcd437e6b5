import { Module } from '@nestjs/common'
import { SessionsModule } from '../sessions/sessions.module.ts'
import { InboxController } from './inbox.controller.ts'
import { Notices } from './notices.service.ts'

/** The pigeonholes, and what their owners do with them. */
@Module({ imports: [SessionsModule], controllers: [InboxController], providers: [Notices], exports: [Notices] })
export class NoticesModule {}
