import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Res,
  UnauthorizedException,
  UseFilters,
  UseGuards,
} from '@nestjs/common'
import type { Response } from 'express'
import { pages } from '../files.ts'
import { DeskGuard, SessionGuard } from '../sessions/session.guard.ts'

/** Leads who opens a page without a session to where they can sign in. */
@Catch(UnauthorizedException)
export class ToSignIn implements ExceptionFilter<UnauthorizedException> {
  catch(_exception: UnauthorizedException, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<Response>().redirect('/')
  }
}

/** The three pages. What they load lies in `public/`. */
@Controller()
@UseFilters(ToSignIn)
export class PagesController {
  @Get()
  signIn(@Res() response: Response): void {
    response.sendFile('sign-in.html', { root: pages })
  }

  @Get('u/:user')
  @UseGuards(SessionGuard)
  inbox(@Res() response: Response): void {
    response.sendFile('inbox.html', { root: pages })
  }

  @Get('admin')
  @UseGuards(DeskGuard)
  desk(@Res() response: Response): void {
    response.sendFile('desk.html', { root: pages })
  }
}
