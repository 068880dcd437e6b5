import type { IncomingMessage } from 'node:http'
import { createParamDecorator } from '@nestjs/common'
import { lastEventIdOf } from '@sse/core/node'

/**
 * The id of the last event that the client of a request has seen, for a handler that resumes its source itself:
 * `Last-Event-ID`, else `?lastEventId=`. `undefined` if there is none, or it cannot be one. From a client: hostile until
 * looked up.
 */
export const LastEventId: (...pipes: Parameters<ReturnType<typeof createParamDecorator>>) => ParameterDecorator =
  createParamDecorator((_data, context) => {
    const request: IncomingMessage & { readonly raw?: IncomingMessage } = context.switchToHttp().getRequest()
    return lastEventIdOf(request.raw ?? request).id
  })
