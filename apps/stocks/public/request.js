/**
 * Asks the server, and refuses whatever is not a success.
 *
 * @param {string} url
 * @param {RequestInit} options
 */
export async function request(url, options) {
  const response = await fetch(url, options)
  if (!response.ok) throw new Error(`the server answered ${response.status} to ${url.split('?')[0]}`)
  return response
}
