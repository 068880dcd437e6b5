import { randomUUID } from 'node:crypto'
import type { SseEvent } from '@sse/core'
import type { SseVariables } from '@sse/hono'
import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { MAX_TOKENS } from './answer.ts'
import { type CompletionRequest, completionRequestFrom, InvalidCompletion } from './completion-request.ts'
import { jsonBodyOf, limitBody } from './json-body.ts'
import type { Model } from './model.ts'
import { tokenize } from './tokenize.ts'

/**
 * The route of OpenAI's API that its clients stream from. Here nothing resumes: an answer belongs to the request that
 * asked for it, and ends with it.
 *
 * @see https://platform.openai.com/docs/api-reference/chat/create
 */
export function completions(model: Model): Hono<{ Variables: SseVariables }> {
  const app = new Hono<{ Variables: SseVariables }>()
  app.onError(respondWithError)

  app.post('/chat/completions', limitBody, async (c) => {
    const request = completionRequestFrom(await jsonBodyOf(c), model.name)
    const completion = new Completion(request, model)
    if (request.stream) return c.var.sse(({ signal }) => completion.chunks(signal))
    return c.json(await completion.whole(c.req.raw.signal))
  })

  return app
}

/** One answer in OpenAI's words. */
class Completion {
  readonly #request: CompletionRequest
  readonly #model: Model
  readonly #head
  #tokens = 0
  #finish: 'stop' | 'length' = 'stop'

  constructor(request: CompletionRequest, model: Model) {
    this.#request = request
    this.#model = model
    this.#head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1_000), model: model.name }
  }

  /** The events of a stream, the last one being `[DONE]`: neither has a name or an id, since clients do not expect them. */
  async *chunks(signal: AbortSignal): AsyncGenerator<SseEvent | string, void> {
    yield this.#chunk({ role: 'assistant', content: '' })
    for await (const content of this.#text(signal)) yield this.#chunk({ content })
    yield this.#chunk({}, this.#finish)
    if (this.#request.includeUsage) yield { data: { ...this.#chunkHead, choices: [], usage: this.#usage } }
    yield '[DONE]'
  }

  /** The answer in one piece. */
  async whole(signal: AbortSignal): Promise<object> {
    let content = ''
    for await (const text of this.#text(signal)) content += text
    const message = { role: 'assistant', content, refusal: null }
    return {
      ...this.#head,
      object: 'chat.completion',
      choices: [{ index: 0, message, logprobs: null, finish_reason: this.#finish }],
      usage: this.#usage,
    }
  }

  async *#text(signal: AbortSignal): AsyncGenerator<string, void> {
    const { prompt, maxTokens = MAX_TOKENS } = this.#request
    for await (const text of this.#model.answer(prompt, signal)) {
      if (this.#tokens === maxTokens) {
        this.#finish = 'length'
        return
      }
      this.#tokens++
      yield text
    }
  }

  #chunk(delta: object, finish: string | null = null): SseEvent {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }]
    return { data: { ...this.#chunkHead, choices, ...(this.#request.includeUsage && { usage: null }) } }
  }

  get #chunkHead(): object {
    return { ...this.#head, object: 'chat.completion.chunk' }
  }

  get #usage(): object {
    const prompt = tokenize(this.#request.prompt).length
    return { prompt_tokens: prompt, completion_tokens: this.#tokens, total_tokens: prompt + this.#tokens }
  }
}

function respondWithError(error: Error, c: Context): Response {
  const { status, message, param, code } = describe(error, c)
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  return c.json({ error: { message, type, param, code } }, status)
}

function describe(error: Error, c: Context) {
  if (error instanceof InvalidCompletion) return error
  if (error instanceof HTTPException) return { status: error.status, message: error.message, param: null, code: null }
  // Who has gone needs no answer, and their going is no failure.
  if (!c.req.raw.signal.aborted) console.error('tokens:', error)
  return { status: 500, message: 'The server has failed', param: null, code: null } as const
}
