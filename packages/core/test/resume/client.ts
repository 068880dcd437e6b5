import type { Random } from '@sse/tooling/random'
import type { Block } from './frame-reader.ts'
import type { Interest } from './interest.ts'
import { Line, type LineOwner } from './line.ts'
import { Observer } from './observer.ts'
import type { Scene } from './scene.ts'
import type { Session } from './session.ts'
import type { Stream } from './stream.ts'
import { must } from './violation.ts'

/** One client, across its requests. */
export class Client implements LineOwner {
  readonly name: string
  readonly observer: Observer
  /** What it reads now, while it is connected. */
  line: Line | undefined
  /** It was told that there is nothing more to come: a browser would not ask again. */
  isDone = false
  /** The ids it had, to go back to one of them. */
  readonly ids: string[] = []
  /** Streams that it has left without anybody noticing. */
  readonly abandoned: Line[] = []
  requests = 0
  readonly #scene: Scene
  readonly #random: Random

  constructor({ name, interest, scene, random }: { name: string; interest: Interest; scene: Scene; random: Random }) {
    this.name = name
    this.observer = new Observer(interest, scene)
    this.#scene = scene
    this.#random = random
  }

  /** A request of its was answered. */
  answered(session: Session, stream: Stream): void {
    this.observer.answered(stream.status)
    if (stream.status === 204) this.isDone = true
    else this.line = new Line({ session, stream, owner: this, random: this.#random, scene: this.#scene })
  }

  /** It goes. */
  drop(isNoticed: boolean): void {
    const { line } = this
    if (line === undefined) return
    this.line = undefined
    if (isNoticed) return line.drop()
    line.abandon()
    this.abandoned.push(line)
  }

  take(block: Block): void {
    const { id = 'no id', event } = block
    const data = event?.name === 'sse.gap' ? event.data : event?.data.slice(0, 20)
    this.#scene.tale.tell(`${this.name} < ${id} ${event === undefined ? '' : `${event.name} ${JSON.stringify(data)}`}`)
    this.observer.take(block)
    if (block.id !== undefined && this.ids.at(-1) !== block.id) this.ids.push(block.id)
  }

  over(line: Line, how: 'ended' | 'cut'): void {
    const { closed } = line.session
    this.#scene.tale.tell(`${this.name} < ${how} (${closed})`)
    this.line = undefined
    this.check(() => {
      const isCut = closed === 'slow' || closed === 'stalled'
      // A stream that is to end is cut nevertheless if nobody reads it.
      const mayBeCut = isCut || line.isStalled
      must(closed !== undefined, 'cut', () => `its stream ${how}, and nobody said why`)
      must(how === 'cut' ? mayBeCut : !isCut, 'cut', () => `its stream ${how}: ${closed}`)
      if (how === 'ended') this.observer.ended()
    })
    this.isDone = this.observer.wasPastEnd
  }

  /** Reports what a check throws. */
  check(check: () => void): void {
    this.#scene.tale.check(`${this.name}: ${this.observer.interest}`, check)
  }
}
