/** A word with the space before it, in pieces of at most six letters; a run of signs; white space. */
const TOKEN = / ?[\p{L}\p{N}]{1,6}| ?[^\p{L}\p{N}\s]+|\s+/gu

/** Cuts a text into tokens, about as a language model does. Joined, they are the text again. */
export function tokenize(text: string): string[] {
  return text.match(TOKEN) ?? []
}
