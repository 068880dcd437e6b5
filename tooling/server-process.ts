import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

/** A server in a process of its own, gone when its test has finished. */
export interface ServerProcess {
  readonly child: ChildProcess
  /** What it says first: where it is. */
  readonly line: string
  readonly url: string
}

/** Starts the server of a file and waits for the line that says where it is. */
export async function startServer(file: string, env: NodeJS.ProcessEnv): Promise<ServerProcess> {
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let line = ''
  for await (const text of child.stdout) {
    line += text
    if (line.includes('\n')) break
  }
  return { child, line, url: /http:\S+/.exec(line)?.[0] ?? '' }
}

/** Starts a server that is to end by itself, and answers how it did, and what it said of that. */
export async function endOfServer(file: string, env: NodeJS.ProcessEnv): Promise<{ code: unknown; said: string }> {
  const child = spawn(process.execPath, [file], { env: { ...process.env, ...env }, stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', (text) => {
    said += String(text)
  })
  const [code] = await once(child, 'close')
  return { code, said }
}
