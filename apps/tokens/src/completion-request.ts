import { HTTPException } from 'hono/http-exception'
import { isObject } from './json-body.ts'
import { checkPrompt } from './prompt.ts'

/** What this server takes of a request for a chat completion; everything else in it is ignored. */
export interface CompletionRequest {
  /** What the user said last. */
  readonly prompt: string
  readonly stream: boolean
  /** Whether a stream is to end with what it has cost. */
  readonly includeUsage: boolean
  /** The answer is cut after so many tokens. */
  readonly maxTokens: number | undefined
}

/** A request that OpenAI's API would refuse, too: `param` is at fault, `code` says how where clients ask for it. */
export class InvalidCompletion extends HTTPException {
  readonly param: string
  readonly code: string | null

  constructor(message: string, param: string, { status, code }: { status?: 400 | 404; code?: string } = {}) {
    super(status ?? 400, { message })
    this.param = param
    this.code = code ?? null
  }
}

/**
 * Reads a request.
 *
 * @param model the one there is.
 * @throws {InvalidCompletion} naming the parameter.
 */
export function completionRequestFrom(body: Readonly<Record<string, unknown>>, model: string): CompletionRequest {
  const { model: wanted, messages, stream = false, stream_options: streamOptions } = body
  if (wanted !== model) {
    const message = `The model \`${String(wanted)}\` does not exist: there is \`${model}\``
    throw new InvalidCompletion(message, 'model', { status: 404, code: 'model_not_found' })
  }
  if (typeof (stream ?? false) !== 'boolean') throw new InvalidCompletion('`stream` must be true or false', 'stream')
  return {
    prompt: lastPromptOf(messages),
    stream: stream === true,
    includeUsage: isObject(streamOptions) && streamOptions.include_usage === true,
    maxTokens: maxTokensOf(body),
  }
}

function lastPromptOf(messages: unknown): string {
  if (!Array.isArray(messages)) throw new InvalidCompletion('`messages` must be an array', 'messages')
  const last: unknown = messages.findLast((message) => isObject(message) && message.role === 'user')
  if (!isObject(last)) throw new InvalidCompletion('`messages` must hold one of the role `user`', 'messages')
  const prompt = checkPrompt(textOf(last.content))
  if ('problem' in prompt) throw new InvalidCompletion(`The last of \`messages\` ${prompt.problem}`, 'messages')
  return prompt.text
}

/** A content is a string or a list of parts, of which this model understands those that are text. */
function textOf(content: unknown): unknown {
  if (!Array.isArray(content)) return content
  return content.map((part: unknown) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('')
}

function maxTokensOf({ max_completion_tokens, max_tokens }: Readonly<Record<string, unknown>>): number | undefined {
  const [param, value] =
    max_completion_tokens == null ? ['max_tokens', max_tokens] : ['max_completion_tokens', max_completion_tokens]
  if (value == null) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
  throw new InvalidCompletion(`\`${String(param)}\` must be a whole number above 0`, String(param))
}
