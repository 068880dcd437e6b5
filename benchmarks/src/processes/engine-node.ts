import { setTimeout as sleep } from 'node:timers/promises'
import { createHub, type Hub } from '@sse/core'
import { eventStream } from '@sse/core/node'
import { readLog } from '../engines/event-log.ts'
import { isSubjectName, loadSubject } from '../engines/registry.ts'
import { Sequence } from '../engines/sequence.ts'
import { type Connected, type Place, TOPIC } from '../engines/subject.ts'
import { answer } from '../harness/answer.ts'
import { spread } from '../harness/statistics.ts'
import { CpuMeter } from '../harness/usage.ts'
import { microseconds, payload } from '../payload.ts'
import { listen } from '../peers/listen.ts'

const BYTES = 100

const [, , name] = process.argv
if (!isSubjectName(name)) throw new Error(`no subject is called ${name}`)
const subject = await loadSubject(name)
const cpu = new CpuMeter()
const followers: Sequence[] = []
let connected: Connected | undefined
let sequence = new Sequence()
let published = 0

const methods = {
  startCpu: () => cpu.start(),
  stopCpu: () => cpu.stop(),

  async connect(place: Place): Promise<void> {
    connected = await subject.connect(place)
  },

  /** Publishes, with so many unanswered at any time. Answers how long it took until all were, in ms. */
  async publish({ count, inFlight }: { count: number; inFlight: number }): Promise<number> {
    const { append } = connection()
    const last = published + count
    const start = performance.now()
    const publishInTurn = async () => {
      while (published < last) await append(payload(++published, BYTES))
    }
    await Promise.all(Array.from({ length: inFlight }, publishInTurn))
    return performance.now() - start
  },

  /** Publishes one after the other. Answers what the median of them took, in µs. */
  async publishAlone(count: number): Promise<number> {
    const { append } = connection()
    const times: number[] = []
    for (let n = 0; n < count; n++) {
      const start = performance.now()
      await append(payload(++published, BYTES))
      times.push((performance.now() - start) * 1_000)
    }
    return spread(times).median
  },

  /** Publishes so many a second, one at a time, without waiting for the one before. The data begins with the time of the call. */
  async publishPaced({ count, rate }: { count: number; rate: number }): Promise<void> {
    const { append } = connection()
    const start = performance.now()
    const answers: Promise<unknown>[] = []
    for (let n = 0; n < count; n++) {
      const wait = start + (n * 1_000) / rate - performance.now()
      if (wait > 0) await sleep(wait)
      answers.push(append(payload(microseconds(), BYTES)))
    }
    await Promise.all(answers)
  },

  /** Publishes, each when all that follow have got the one before. */
  async publishInStep(count: number): Promise<void> {
    const { append } = connection()
    for (let n = 0; n < count; n++) {
      await append(payload(++published, BYTES))
      await allFollowed()
    }
  },

  /** Begins to read the log where it begins, and goes on. */
  read(): void {
    sequence = new Sequence()
    connection().read(sequence)
  },

  /** Resolves when it has got everything up to this event: with how many events that were since the last time, and in how many ms. */
  readTo: (last: number) => sequence.reached(last),

  /** Reads what the log has up to this event. Answers how many events that were. */
  async readKept(last: number): Promise<number> {
    const kept = new Sequence()
    const stop = connection().read(kept)
    const { count } = await kept.reached(last)
    await stop()
    return count
  },

  /** Makes a node. Answers how long that took until it was ready, in ms, and how many events it has. */
  async startNode(): Promise<{ ms: number; events: number }> {
    const start = performance.now()
    const hub = newHub()
    await hub.ready
    return { ms: performance.now() - start, events: hub.stats().ring.events }
  },

  /** Makes nodes, one after the other, each of which publishes once. */
  async startNodes(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const hub = newHub()
      await hub.ready
      await hub.publish(TOPIC, { data: payload(++published, BYTES) })
    }
  },

  /** Follows the log with more nodes, until there are so many; resolves when they do. */
  async follow(nodes: number): Promise<void> {
    while (followers.length < nodes) await addFollower()
  },

  /** Resolves when each of those that follow has got everything that was published here. */
  followed: allFollowed,

  /** Serves a hub on this log, and answers on which port. */
  async serve(): Promise<number> {
    const hub = newHub()
    await hub.ready
    const subscription = hub.subscribe(TOPIC)
    const server = await listen((request, response) => void eventStream(request, response, subscription))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    return address.port
  },
}

/** The methods of a process that uses an engine. */
export type EngineNodeMethods = typeof methods

function connection(): Connected {
  if (connected === undefined) throw new Error('it is not connected')
  return connected
}

function newLog() {
  const log = connection().openLog?.()
  if (log === undefined) throw new Error(`${name} is a client alone`)
  return log
}

function newHub(): Hub<{ message: string }> {
  return createHub<{ message: string }>({ log: newLog() })
}

async function allFollowed(): Promise<void> {
  await Promise.all(followers.map((follower) => follower.reached(published)))
}

async function addFollower(): Promise<void> {
  const follower = new Sequence(published + 1)
  followers.push(follower)
  await readLog(newLog(), follower, 0).attached
}

answer(methods)
