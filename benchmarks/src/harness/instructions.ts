import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

/** Counts the instructions of a running process with `perf stat`. */
export interface InstructionCounter {
  /** Resolves when the counting has begun. */
  start(pid: number | undefined): Promise<{ stop(): Promise<number> }>
}

/**
 * A counter, or the reason why there is none: `perf` is missing, or the (virtual) machine has no such counter. `perf`
 * counts user and kernel instructions, or only the user's where it may not see the kernel's.
 *
 * @param event what to count, by `perf`'s name.
 */
export function instructionCounter(event = 'instructions'): InstructionCounter | string {
  const probe = spawnSync('perf', ['stat', '-x', ';', '-e', event, process.execPath, '--version'], { encoding: 'utf8' })
  if (probe.error) return '`perf` is not installed'
  if (counted(probe.stderr) === undefined) return `\`perf stat -e ${event}\` does not count on this machine`
  return { start: (pid) => startCounting(event, pid) }
}

async function startCounting(event: string, pid: number | undefined): Promise<{ stop(): Promise<number> }> {
  // The counter starts disabled and is switched over two pipes, so that attaching to the process is not in the count.
  const control = ['--delay', '-1', '--control', 'fd:3,4']
  const perf = spawn('perf', ['stat', '-x', ';', '-e', event, ...control, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  })
  let output = ''
  perf.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const closed = once(perf, 'close')
  // Both were asked for as pipes: the third is one that we write, the fourth one that we read.
  const [commands, acknowledgements] = [perf.stdio[3] as Writable, perf.stdio[4] as Readable]
  const command = async (text: string) => {
    const acknowledged = once(acknowledgements, 'data')
    commands.write(`${text}\n`)
    await Promise.race([acknowledged, closed])
  }
  await command('enable')
  return {
    async stop() {
      await command('disable')
      perf.kill('SIGINT')
      await closed
      const count = counted(output)
      if (count === undefined) throw new Error(`\`perf stat\` gave no count:\n${output}`)
      return count
    },
  }
}

/** The count in `perf stat -x ';'`: the first field of a line, a number unless it says `<not supported>`. */
function counted(output: string): number | undefined {
  const [, count] = /^(\d+);/m.exec(output) ?? []
  return count === undefined ? undefined : Number(count)
}
