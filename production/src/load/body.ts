/** The body of a response of HTTP/1.1, one character for a byte, which comes in whatever pieces. */
export interface Body {
  readonly isOver: boolean
  /** What a piece brings of the content. */
  take(piece: string): string
}

/**
 * How the body of a response comes, by its head.
 *
 * @throws where it is to go on until the connection ends, since who ends it is what matters here.
 */
export function bodyAfter(head: string): Body {
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return new ChunkedBody()
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? []
  if (length === undefined) throw new Error(`no length of a body: ${head}`)
  return new CountedBody(Number(length))
}

class CountedBody implements Body {
  #left: number

  constructor(length: number) {
    this.#left = length
  }

  get isOver(): boolean {
    return this.#left === 0
  }

  take(piece: string): string {
    const content = piece.slice(0, this.#left)
    this.#left -= content.length
    return content
  }
}

class ChunkedBody implements Body {
  isOver = false
  /** How much of a chunk is to come, with the line end after it; 0: its length is. */
  #left = 0
  #line = ''

  take(piece: string): string {
    let content = ''
    let at = 0
    while (at < piece.length && !this.isOver) {
      if (this.#left === 0) {
        const end = piece.indexOf('\n', at)
        this.#line += piece.slice(at, end < 0 ? undefined : end)
        if (end < 0) break
        at = end + 1
        this.#begin()
      } else {
        const taken = piece.slice(at, at + this.#left)
        // The line end after a chunk is none of it.
        content += taken.slice(0, Math.max(0, this.#left - 2))
        this.#left -= taken.length
        at += taken.length
      }
    }
    return content
  }

  #begin(): void {
    const [, digits = ''] = /^([\da-f]+)\s*(;|$)/i.exec(this.#line) ?? []
    const length = Number.parseInt(digits, 16)
    if (Number.isNaN(length)) throw new Error(`no length of a chunk: ${JSON.stringify(this.#line.slice(0, 40))}`)
    this.#line = ''
    if (length === 0) this.isOver = true
    else this.#left = length + 2
  }
}
