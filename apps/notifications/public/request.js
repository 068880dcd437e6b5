/** The server has refused: `status` is what it answered. */
export class Refused extends Error {
  /** @param {number} status */
  constructor(status) {
    super(`The server answered ${status}`)
    this.status = status
  }
}

/**
 * Asks the server, and answers what it says as JSON.
 *
 * @param {string} url
 * @param {string} [method]
 * @param {unknown} [body]
 * @returns {Promise<unknown>} undefined where there is nothing to say
 * @throws {Refused} for whatever is not a success.
 */
export async function request(url, method = 'GET', body) {
  const headers = body === undefined ? undefined : { 'Content-Type': 'application/json' }
  const response = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
  if (!response.ok) throw new Refused(response.status)
  return response.status === 204 ? undefined : response.json()
}
