import { createHub, type Hub } from '@sse/core'
import { type SseVariables, sse } from '@sse/hono'
import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { secureHeaders } from 'hono/secure-headers'
import type { Answer } from './answer.ts'
import { type Answers, createAnswers, MAX_KEPT, RING } from './answers.ts'
import { completions } from './completions.ts'
import type { AnswerEvents } from './events.ts'
import { jsonBodyOf, limitBody } from './json-body.ts'
import { createModel, type Model } from './model.ts'
import { page } from './page.ts'
import { checkPrompt } from './prompt.ts'

/** How long an answer goes on without a reader, in milliseconds. */
const PATIENCE = 60_000

/** The demo without its socket: whoever has it listens. */
export interface Tokens {
  readonly app: Hono<{ Variables: SseVariables }>
  readonly hub: Hub<AnswerEvents>
  readonly answers: Answers
  /** Stops all answers and ends all streams. */
  close(): Promise<void>
}

/** Makes the demo: a hub that holds the answers, and the routes that the page uses. */
export function createTokens(options: { readonly model?: Model; readonly patience?: number } = {}): Tokens {
  const { model = createModel(), patience = PATIENCE } = options
  const hub = createHub<AnswerEvents>({ ring: RING, retry: { min: 600, max: 1_200 } })
  const answers = createAnswers({ hub, model, patience })

  const app = new Hono<{ Variables: SseVariables }>()
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'self'"], baseUri: ["'none'"], frameAncestors: ["'none'"] },
    }),
  )
  app.use(sse({ hub }))
  app.onError(respondWithError)

  app.post('/answers', limitBody, async (c) => {
    const answer = answers.begin(promptFrom((await jsonBodyOf(c)).prompt))
    if (answer === undefined) {
      c.header('Retry-After', '5')
      throw new HTTPException(503, { message: 'Too many answers are being written: try again in a moment' })
    }
    c.header('Content-Location', `/answers/${answer.id}`)
    return c.var.sse(({ closed }) => answer.read(closed))
  })

  app.get('/answers/:id', (c) => {
    const answer = answerOf(answers, c.req.param('id'))
    // What a reader is sent up to this token was written while it was away.
    c.header('Answer-Tokens', String(answer.tokens))
    return c.var.sse(({ closed }) => answer.read(closed))
  })

  app.post('/answers/:id/stop', async (c) => {
    const answer = answerOf(answers, c.req.param('id'))
    await answer.stop('reader')
    return c.json({ tokens: answer.tokens })
  })

  app.get('/stats', (c) =>
    c.json({ begun: model.begun, running: answers.running, kept: answers.size, readers: hub.size, hub: hub.stats() }),
  )

  app.route('/v1', completions(model))
  app.route('/', page)

  async function close(): Promise<void> {
    await answers.close()
    await hub.close()
  }

  return { app, hub, answers, close }
}

function promptFrom(value: unknown): string {
  const prompt = checkPrompt(value)
  if ('problem' in prompt) throw new HTTPException(400, { message: `\`prompt\` ${prompt.problem}` })
  return prompt.text
}

function answerOf(answers: Answers, id: string): Answer {
  const answer = answers.get(id)
  if (answer !== undefined) return answer
  throw new HTTPException(404, { message: `There is no such answer, or no longer: the newest ${MAX_KEPT} are kept` })
}

function respondWithError(error: Error, c: Context): Response {
  if (error instanceof HTTPException) return c.json({ error: error.message }, error.status)
  console.error('tokens:', error)
  return c.json({ error: 'The server has failed' }, 500)
}
