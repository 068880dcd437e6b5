interface Stream {
  readonly client: string
  /** Undefined for one that is the balancer's own. */
  readonly node: string | undefined
}

/** Which pages are open, and on which nodes: numbered in the order in which they came, since their ids are a secret. */
export class Pages {
  readonly #onChange: () => void
  readonly #streams = new Set<Stream>()
  readonly #numbers = new Map<string, number>()
  #last = 0

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** A page has opened a stream. Answers its number, which is forgotten when the last of its streams is closed. */
  enter(stream: Stream, closed: Promise<unknown>): number {
    const number = this.#numbers.get(stream.client) ?? ++this.#last
    this.#numbers.set(stream.client, number)
    this.#streams.add(stream)
    void closed.then(() => this.#leave(stream))
    this.#onChange()
    return number
  }

  /** The pages whose streams lead to a node. */
  on(node: string): readonly number[] {
    const there = new Set<number>()
    for (const stream of this.#streams) if (stream.node === node) there.add(this.#numbers.get(stream.client) ?? 0)
    return [...there].sort((a, b) => a - b)
  }

  #leave(stream: Stream): void {
    this.#streams.delete(stream)
    if (![...this.#streams].some(({ client }) => client === stream.client)) this.#numbers.delete(stream.client)
    this.#onChange()
  }
}
