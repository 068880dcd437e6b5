import type { NatsConnection, Status } from '@nats-io/nats-core'

/** Knows whether a connection is there, and what its server forbids. */
export class ConnectionWatch {
  /** Gets why what is under way on the connection cannot be trusted to arrive. */
  onBreak: (reason: unknown) => void = () => {}
  readonly #connection: NatsConnection
  readonly #subject: string
  #isUp: boolean
  #wakeAll: (() => void)[] = []

  /** @param subject what is published to it without waiting for an answer of its own */
  constructor(connection: NatsConnection, subject: string) {
    this.#connection = connection
    this.#subject = subject
    this.#isUp = connection.info !== undefined
    void connection.closed().then(() => this.#becomeDown())
    void this.#follow()
  }

  /** Resolves while it is connected; rejects once it is closed for good. */
  async untilUp(): Promise<void> {
    while (!this.#isUp && !this.#connection.isClosed()) {
      await new Promise<void>((resolve) => this.#wakeAll.push(resolve))
    }
    if (!this.#connection.isClosed()) return
    throw Object.assign(new Error('closed connection'), { name: 'ClosedConnectionError' })
  }

  async #follow(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'disconnect') this.#becomeDown()
      else if (status.type === 'reconnect') this.#becomeUp()
      else this.#heed(status)
    }
  }

  #heed(status: Status): void {
    if (status.type !== 'error') return
    const { error } = status
    if ('subject' in error && error.subject === this.#subject) this.onBreak(error)
  }

  #becomeUp(): void {
    this.#isUp = true
    this.#wake()
  }

  #becomeDown(): void {
    this.#isUp = false
    this.onBreak(new Error('the connection was lost'))
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#wakeAll.splice(0)) wake()
  }
}
