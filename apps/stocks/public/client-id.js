/** Draws the id by which this page, and nobody else, can name its own streams to the server: 32 hexadecimal digits. */
export function drawClientId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
