/** Reads a body step by step, as text. */
export class BodyReader {
  /** What has been read so far. */
  text = ''
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder()

  constructor({ body }: Response) {
    if (body === null) throw new Error('no body')
    this.#reader = body.getReader()
  }

  /** Reads until the text holds a part. Rejects if the body ends before, or fails. */
  async until(part: string | RegExp): Promise<string> {
    const isThere = (): boolean => (typeof part === 'string' ? this.text.includes(part) : part.test(this.text))
    while (!isThere()) {
      if (!(await this.#read())) throw new Error(`the body has ended without ${part}: ${JSON.stringify(this.text)}`)
    }
    return this.text
  }

  /** Reads to the end. Rejects if the body is cut. */
  async toEnd(): Promise<string> {
    while (await this.#read());
    return this.text
  }

  /** Goes away. */
  async cancel(): Promise<void> {
    await this.#reader.cancel()
  }

  async #read(): Promise<boolean> {
    const { done, value } = await this.#reader.read()
    this.text += this.#decoder.decode(value, { stream: !done })
    return !done
  }
}
