import type { CookieOptions } from 'express'

/** The name of the cookie that holds the token of a session. */
export const SESSION_COOKIE = 'pigeonhole'

/**
 * How the cookie is set. It is sent to one pigeonhole alone, so that one browser may be signed in as several users, each in a
 * tab of its own. `Secure` is left out since the demo is served over plain HTTP.
 */
export function cookieOptions(path: string): CookieOptions {
  return { httpOnly: true, sameSite: 'strict', path }
}

/** The token that a request brings in its `Cookie` header. */
export function sessionTokenOf(header: string | undefined): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [name, value] = pair.trim().split('=')
    if (name === SESSION_COOKIE) return value
  }
  return undefined
}
