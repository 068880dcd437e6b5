import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, get } from 'node:https'
import { createHub } from '@sse/core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Http2Client } from './http2-client.ts'
import { feedOf, HTTP2_KINDS, PATIENTLY, served } from './served.ts'

/** With `allowHTTP1`, as all of them are served. */
describe.each(HTTP2_KINDS.filter(({ protocol }) => protocol === 'h2'))('$name, asked over HTTP/1.1', (kind) => {
  it('streams the same as over HTTP/2, resumes between the two, and knows who has gone', async () => {
    const hub = createHub()
    const { url } = await served(kind, hub, [feedOf(hub)])
    const [http2] = await (await Http2Client.connect(url)).open('/feed', 1)
    const http1 = await ask(`${url}/feed`)
    expect(http1.response).toMatchObject({ statusCode: 200, httpVersion: '1.1' })
    expect(http1.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'transfer-encoding': 'chunked',
      connection: 'keep-alive',
    })
    for (const data of ['one', 'two', 'three']) {
      await hub.publish('feed', { data })
      await vi.waitFor(() => expect(http1.text()).toContain(`data: ${data}\n`), PATIENTLY)
      await vi.waitFor(() => expect(http2?.data).toContain(data), PATIENTLY)
    }
    const dispatched = (text = ''): string => text.slice(text.indexOf('data: one'))
    expect(dispatched(http1.text())).toBe(dispatched(http2?.text))
    const resumed = await ask(`${url}/feed`, { 'Last-Event-ID': http2?.events[0]?.id ?? '' })
    await vi.waitFor(() => expect(resumed.text()).toContain('data: three\n'), PATIENTLY)
    expect(resumed.text()).not.toContain('data: one\n')
    http1.response.destroy()
    await vi.waitFor(() => expect(hub.size).toBe(2), PATIENTLY)
  })
})

async function ask(url: string, headers = {}): Promise<{ response: IncomingMessage; text: () => string }> {
  const agent = new Agent({ rejectUnauthorized: false, keepAlive: true })
  onTestFinished(() => agent.destroy())
  const [response]: IncomingMessage[] = await once(get(url, { agent, headers }), 'response')
  if (response === undefined) throw new Error('There is no response')
  let text = ''
  response.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  // That it is cut is what a test is about.
  response.on('error', () => {})
  return { response, text: () => text }
}
