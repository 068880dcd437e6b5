/** Twelve characters of `[0-9a-z]`, drawn: for an epoch, or for one of many writers. Nobody meets one twice. */
export function randomName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => (byte % 36).toString(36)).join('')
}
