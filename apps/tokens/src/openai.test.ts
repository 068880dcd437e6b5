import OpenAI, { APIUserAbortError, BadRequestError, NotFoundError } from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type SteppedServer, startStepped } from './stepped-server.ts'

const messages = [{ role: 'user', content: 'Why do cats purr?' }] as const

describe('POST /v1/chat/completions, with the client of OpenAI', () => {
  let stepped: SteppedServer
  let client: OpenAI

  beforeEach(async () => {
    stepped = await startStepped()
    client = new OpenAI({ baseURL: `${stepped.base}/v1`, apiKey: 'none', maxRetries: 0 })
  })

  afterEach(async () => {
    await stepped.stop()
  })

  const ask = { model: 'polly-1', messages: [...messages] }

  it('streams an answer, token by token', async () => {
    const stream = await client.chat.completions.create({ ...ask, stream: true })
    const chunks = stream[Symbol.asyncIterator]()
    expect((await chunks.next()).value).toMatchObject({
      object: 'chat.completion.chunk',
      model: 'polly-1',
      choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
    })
    for (const content of ['Ask', ' three', ' people']) {
      stepped.pace.allow(1)
      expect((await chunks.next()).value?.choices).toMatchObject([{ delta: { content }, finish_reason: null }])
    }
    stepped.pace.allow(1_000)
    const rest = await Array.fromAsync({ [Symbol.asyncIterator]: () => chunks })
    expect(rest.at(-1)?.choices).toMatchObject([{ delta: {}, finish_reason: 'stop' }])
    expect(new Set(rest.map(({ id }) => id)).size).toBe(1)
    expect(rest.every((chunk) => !('usage' in chunk))).toBe(true)
  })

  it('gives the same in one piece', async () => {
    stepped.pace.allow(2_000)
    const stream = await client.chat.completions.create({ ...ask, stream: true })
    let text = ''
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    const completion = await client.chat.completions.create(ask)
    expect(completion).toMatchObject({ object: 'chat.completion', choices: [{ finish_reason: 'stop' }] })
    expect(completion.choices[0]?.message).toMatchObject({ role: 'assistant', content: text })
    expect(text.length).toBeGreaterThan(300)
  })

  it('says what it has cost, where it is asked to', async () => {
    stepped.pace.allow(2_000)
    const options = { ...ask, max_tokens: 5 }
    const stream = await client.chat.completions.create({
      ...options,
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = await Array.fromAsync(stream)
    const usage = { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 }
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage })
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length')
    const completion = await client.chat.completions.create(options)
    expect(completion.usage).toEqual(usage)
    expect(completion.choices[0]?.finish_reason).toBe('length')
  })

  it('says `stop` of an answer that is just as long as it may be', async () => {
    stepped.pace.allow(2_000)
    const whole = await client.chat.completions.create(ask)
    const limit = whole.usage?.completion_tokens ?? 0
    const again = await client.chat.completions.create({ ...ask, max_completion_tokens: limit })
    expect(again.choices[0]?.finish_reason).toBe('stop')
  })

  it('runs with the helper that collects a stream', async () => {
    stepped.pace.allow(1_000)
    const runner = client.chat.completions.stream(ask)
    expect((await runner.finalContent())?.startsWith('Ask three people')).toBe(true)
  })

  it('aborts the model at once when a stream is aborted', async () => {
    const stream = await client.chat.completions.create({ ...ask, stream: true })
    const reading = Array.fromAsync(stream)
    await expect.poll(() => stepped.pace.waiting).toBe(1)
    stream.controller.abort()
    await expect.poll(() => stepped.pace.waiting).toBe(0)
    expect(await reading).toHaveLength(1)
  })

  it('aborts the model at once when a request for an answer in one piece is aborted', async () => {
    const abort = new AbortController()
    const answer = client.chat.completions.create(ask, { signal: abort.signal })
    const refusal = expect(answer).rejects.toThrow(APIUserAbortError)
    await expect.poll(() => stepped.pace.waiting).toBe(1)
    abort.abort()
    await expect.poll(() => stepped.pace.waiting).toBe(0)
    await refusal
  })

  it('refuses as the client expects it', async () => {
    const unknown = client.chat.completions.create({ ...ask, model: 'gpt-5', stream: true })
    await expect(unknown).rejects.toThrow(NotFoundError)
    await expect(unknown).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
      type: 'invalid_request_error',
    })
    const empty = client.chat.completions.create({ ...ask, messages: [] })
    await expect(empty).rejects.toThrow(BadRequestError)
    await expect(empty).rejects.toMatchObject({ status: 400, param: 'messages' })
    expect(stepped.model.begun).toBe(0)
  })

  it('[E10] sends nothing that such clients trip over', async () => {
    stepped.pace.allow(1_000)
    const response = await fetch(`${stepped.base}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...ask, stream: true }),
    })
    const text = await response.text()
    const blocks = text.split('\n\n').slice(0, -1)
    // First, at once, what opens the stream: no client makes an event of it.
    expect(blocks[0]).toMatch(/^retry: \d+\n:$/)
    for (const block of blocks.slice(1, -1)) expect(block).toMatch(/^data: \{.+\}$/)
    expect(blocks.at(-1)).toBe('data: [DONE]')
  })

  it.each([
    ['{', 400],
    ['7', 400],
    [`{"model":"polly-1","messages":[{"role":"user","content":"${'x'.repeat(70_000)}"}]}`, 413],
  ])('answers a broken body in the words of OpenAI', async (body, status) => {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(`${stepped.base}/v1/chat/completions`, { method: 'POST', headers, body })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', param: null, code: null } })
  })
})
