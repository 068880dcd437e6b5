import { Module } from '@nestjs/common'
import { NoticesModule } from '../notices/notices.module.ts'
import { SessionsModule } from '../sessions/sessions.module.ts'
import { AdminController } from './admin.controller.ts'
import { PresenceService } from './presence.service.ts'

/** The sorting desk. */
@Module({ imports: [NoticesModule, SessionsModule], controllers: [AdminController], providers: [PresenceService] })
export class AdminModule {}
