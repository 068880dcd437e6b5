import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'

/** The largest body that is read, in bytes. */
const MAX_BYTES = 64 * 1024

/** Refuses bodies that are too large, before they are read. */
export const limitBody = bodyLimit({
  maxSize: MAX_BYTES,
  onError: () => {
    throw new HTTPException(413, { message: `The body may have ${MAX_BYTES} bytes` })
  },
})

/**
 * Reads a body that is an object in JSON.
 *
 * @throws {HTTPException} 415 or 400, saying what is wrong with it.
 */
export async function jsonBodyOf(c: Context): Promise<Readonly<Record<string, unknown>>> {
  // What is asked for, too: a form on another site cannot send this type.
  if (!/^application\/json\s*(;|$)/i.test(c.req.header('Content-Type') ?? '')) {
    throw new HTTPException(415, { message: 'The body must be application/json' })
  }
  const body: unknown = await c.req.json().catch(() => {
    throw new HTTPException(400, { message: 'The body is not JSON' })
  })
  if (!isObject(body)) throw new HTTPException(400, { message: 'The body must be an object' })
  return body
}

/** Whether a value has members that can be looked at. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
