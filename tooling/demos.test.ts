import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findDemos, freePort, isFree, startDemo, startLandingPage } from '../scripts/demos.mjs'

/** A demo in one file: it answers with its name, and ends at SIGTERM. */
const server = `
  import { createServer } from 'node:http'
  createServer((request, response) => response.end(process.cwd())).listen(process.env.PORT)
  process.once('SIGTERM', () => process.exit(0))
`

const never = new AbortController().signal
let apps: string

beforeEach(() => {
  apps = mkdtempSync(join(tmpdir(), 'demos-'))
})

afterEach(() => {
  rmSync(apps, { recursive: true })
})

function addDemo(name: string, source: string, start = 'node server.mjs'): void {
  mkdirSync(join(apps, name))
  writeFileSync(
    join(apps, name, 'package.json'),
    JSON.stringify({ name, description: `<${name}>`, scripts: { start } }),
  )
  writeFileSync(join(apps, name, 'server.mjs'), source)
}

describe('findDemos', () => {
  it('finds each package with a start script, and nothing else', () => {
    addDemo('stocks', server)
    addDemo('chat', server)
    mkdirSync(join(apps, 'node_modules'))
    writeFileSync(join(apps, 'README.md'), '')
    expect(findDemos(apps).map(({ name }) => name)).toEqual(['chat', 'stocks'])
  })

  it('refuses a start script that it could not stop', () => {
    addDemo('stocks', server, 'tsx server.mjs')
    expect(() => findDemos(apps)).toThrow('The start script of stocks must be `node`')
  })
})

describe('freePort', () => {
  it('passes over a port that is taken, on whichever address', async () => {
    for (const host of ['127.0.0.1', undefined]) {
      const taken = createServer()
      const port = await new Promise<number>((resolve) => {
        taken.listen({ port: 0, host }, () => {
          const address = taken.address()
          if (address !== null && typeof address === 'object') resolve(address.port)
        })
      })
      expect(await isFree(port)).toBe(false)
      expect(await freePort(port)).toBeGreaterThan(port)
      await new Promise((resolve) => taken.close(resolve))
      expect(await isFree(port)).toBe(true)
    }
  })
})

describe('startDemo', () => {
  it('answers once the address does, and stops the demo', async () => {
    addDemo('stocks', server)
    const demo = await startOnly()
    expect(await (await fetch(demo.url)).text()).toContain('stocks')
    demo.stop()
    expect(await demo.closed).toEqual([0, null])
  })

  it('fails where the demo ends before it answers', async () => {
    addDemo('stocks', 'process.exit(3)')
    await expect(startOnly()).rejects.toThrow('stocks ended with code 3 before it answered')
  })

  async function startOnly() {
    const [demo] = findDemos(apps)
    if (demo === undefined) throw new Error('There is no demo')
    return startDemo(demo, await freePort(41_000), never)
  }
})

describe('startLandingPage', () => {
  it('leads to each demo, its words escaped', async () => {
    addDemo('stocks', server)
    const links = findDemos(apps).map((demo) => ({ demo, url: 'http://localhost:4001' }))
    const landing = await startLandingPage(links, await freePort(41_500))
    const page = await (await fetch(landing.url)).text()
    expect(page).toContain('<a href="http://localhost:4001">stocks</a><p>&#60;stocks&#62;</p>')
    landing.stop()
    await landing.closed
  })
})
