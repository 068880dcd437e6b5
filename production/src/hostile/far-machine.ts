import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Ours, and that of the machine that vanishes; nobody routes them. */
const HERE = '198.18.0.1'
const THERE = '198.18.0.2'

/** A machine of its own, as far as the network goes: a namespace with a cable to this one. Linux, as root. */
export class FarMachine {
  /** Where it finds us. */
  readonly host: string = HERE
  readonly #name: string
  readonly #program: string
  readonly #clients: { kill(): unknown }[] = []

  private constructor(name: string, program: string) {
    this.#name = name
    this.#program = program
  }

  /**
   * @param program the path of `ip`, of iproute2.
   * @returns `undefined` where none can be made: that takes the rights of root, also over the network.
   */
  static make(program: string): FarMachine | undefined {
    const name = `far${process.pid}`
    const machine = new FarMachine(name, program)
    const ip = machine.#ip.bind(machine)
    try {
      ip('netns', 'add', name)
      ip('link', 'add', `${name}a`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
      ip('addr', 'add', `${HERE}/30`, 'dev', `${name}a`)
      ip('link', 'set', `${name}a`, 'up')
      ip('-n', name, 'addr', 'add', `${THERE}/30`, 'dev', 'eth0')
      ip('-n', name, 'link', 'set', 'eth0', 'up')
      return machine
    } catch {
      machine.remove()
      return undefined
    }
  }

  /** Has it open a stream of each path, and read it; resolves when all have begun. */
  async open(port: number, paths: readonly string[]): Promise<void> {
    const file = fileURLToPath(new URL('far-client.ts', import.meta.url))
    const args = ['netns', 'exec', this.#name, process.execPath, file, HERE, String(port), ...paths]
    const client = spawn(this.#program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#clients.push(client)
    await once(client.stdout, 'data')
  }

  /** From now on it answers nothing: no acknowledgement, no FIN, no RST. We go on sending to where it was. */
  vanish(): void {
    const [{ address } = { address: '' }] = JSON.parse(this.#ip('-n', this.#name, '-j', 'link', 'show', 'eth0')) as {
      address: string
    }[]
    this.#ip('neigh', 'replace', THERE, 'lladdr', address, 'dev', `${this.#name}a`, 'nud', 'permanent')
    this.#ip('-n', this.#name, 'addr', 'del', `${THERE}/30`, 'dev', 'eth0')
  }

  remove(): void {
    for (const client of this.#clients) client.kill()
    for (const args of [
      ['link', 'del', `${this.#name}a`],
      ['netns', 'del', this.#name],
    ]) {
      try {
        this.#ip(...args)
      } catch {
        // It was not made.
      }
    }
  }

  #ip(...args: readonly string[]): string {
    return execFileSync(this.#program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  }
}
