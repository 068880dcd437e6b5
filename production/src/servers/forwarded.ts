/** Where the one proxy stands that the servers here believe, if they are behind it. */
export const PROXY_ADDRESS = '127.0.0.1'

/**
 * The client's address, for a framework that has no notion of proxies: the last one that is named, since that is what the
 * proxy has added. What stands before came with the request, and may say anything.
 */
export function lastForwardedFor(header: string | readonly string[] | undefined): string | undefined {
  const addresses = Array.isArray(header) ? header.join() : String(header ?? '')
  return addresses.split(',').at(-1)?.trim() || undefined
}
