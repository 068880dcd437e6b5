import { Module } from '@nestjs/common'
import { SessionsModule } from '../sessions/sessions.module.ts'
import { PagesController } from './pages.controller.ts'

/** What a visitor sees. */
@Module({ imports: [SessionsModule], controllers: [PagesController] })
export class PagesModule {}
