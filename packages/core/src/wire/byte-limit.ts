const encoder = new TextEncoder()

/** Whether a text takes more than `limit` bytes as UTF-8. The cost is bound by `limit`, however long the text is. */
export function exceedsBytes(text: string, limit: number): boolean {
  if (text.length > limit) return true
  // No UTF-16 unit takes more than three bytes of UTF-8.
  return text.length * 3 > limit && encoder.encode(text).length > limit
}
