import { setTimeout as pause } from 'node:timers/promises'
import { findProgram, requireProgram } from '@sse/tooling/programs'
import { describe, expect, it } from 'vitest'
import { node } from '../servers/node.ts'
import { startBackend, startBackends } from './backends.ts'
import { FORMS } from './forms.ts'
import type { ProxyForm } from './proxy.ts'
import { StreamClient } from './stream-client.ts'

/** Of each proxy, in seconds: by their defaults it is a minute. */
const IDLE_SECONDS = 2
const PATIENCE = IDLE_SECONDS * 1_000

describe('a stream in which nothing happens', () => {
  // All at once, since it takes its time.
  let looks: ReadonlyMap<ProxyForm, Promise<Quiet>> | undefined

  it.for(FORMS)(
    '[P5] outlives the patience of $name by its heartbeat, and would not without',
    async (form, context) => {
      requireProgram(form.program, context)
      looks ??= new Map(FORMS.filter(({ program }) => findProgram(program)).map((one) => [one, lookAt(one)]))
      const quiet = await looks.get(form)
      expect(quiet?.beating.filter(([, fate]) => fate !== 'alive')).toEqual([])
      expect(quiet?.silent).not.toBe('alive')
      // The server is told as well.
      expect(quiet?.silentOnes).toBe(0)
    },
  )
})

/** What became of quiet streams behind a proxy, after more than twice its patience. */
interface Quiet {
  /** By the kind of server: those of hubs with a heartbeat. */
  readonly beating: readonly (readonly [name: string, fate: string])[]
  /** One without. */
  readonly silent: string
  /** How many streams its server still has. */
  readonly silentOnes: number
}

async function lookAt(form: ProxyForm): Promise<Quiet> {
  const beating = await startBackends({ hub: { heartbeat: PATIENCE / 4 } })
  const silent = await startBackend(node, { name: 'silent', hub: { heartbeat: false } })
  const all = [...beating, silent]
  const proxy = await form.start(all, IDLE_SECONDS)
  try {
    const fates = await Promise.all(all.map(({ name }) => fateOf(`${proxy.url}/${name}/feed`)))
    return {
      beating: beating.map(({ name }, n) => [name, fates[n] ?? '']),
      silent: fates.at(-1) ?? '',
      silentOnes: silent.hub.size,
    }
  } finally {
    await Promise.all([proxy.stop(), ...all.map((backend) => backend.close())])
  }
}

async function fateOf(url: string): Promise<string> {
  const client = await StreamClient.open(url)
  const fate = await Promise.race([client.ending, pause(2.2 * PATIENCE, 'alive' as const)])
  client.leave()
  return fate
}
