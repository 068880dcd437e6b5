import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome')

/** What a file imports, and the words by which the linter refuses it: none where it must be allowed. */
type Probe = readonly [specifier: string, refusal?: string]

const core = 'packages/core/src'

const probes: Readonly<Record<string, readonly Probe[]>> = {
  [`${core}/wire/probe.ts`]: [
    ['./other.ts'],
    ['../connection/sink.ts', 'lowest floor'],
    ['../hub/hub.ts', 'lowest floor'],
    ['./../../src/hub/hub.ts', 'lowest floor'],
    ['../node/drain.ts', 'lowest floor'],
    ['../testing/read-events.ts', 'lowest floor'],
    ['../index.ts', 'entry is imported from outside'],
    ['../node.ts', 'entry is imported from outside'],
    ['../testing.ts', 'entry is imported from outside'],
    ['node:buffer', "Node's own modules"],
    ['buffer', 'node: protocol'],
  ],
  [`${core}/wire/deeper/probe.ts`]: [['../../hub/hub.ts', 'lowest floor'], ['../other.ts']],
  [`${core}/connection/probe.ts`]: [
    ['../wire/event.ts'],
    ['../hub/hub.ts', '`connection` imports itself'],
    ['../node/drain.ts', '`connection` imports itself'],
    ['../testing/read-events.ts', '`connection` imports itself'],
    ['../index.ts', 'entry is imported from outside'],
    ['node:stream', "Node's own modules"],
  ],
  [`${core}/hub/probe.ts`]: [
    ['../wire/event.ts'],
    ['../connection/sink.ts'],
    ['../adapter/middleware.ts', '`hub` imports itself'],
    ['../engine/delivery.ts', '`hub` imports itself'],
    ['../otel/metrics.ts', '`hub` imports itself'],
    ['../node/drain.ts', '`hub` imports itself'],
    ['../testing/read-events.ts', '`hub` imports itself'],
    ['../index.ts', 'entry is imported from outside'],
    ['node:events', "Node's own modules"],
    ['./hub.test.ts', 'Nothing imports tests'],
    ['vitest', 'vitest'],
    ['@sse/express', 'no dependencies'],
    ['@sse/core', 'no dependencies'],
    ['@opentelemetry/api', 'no dependencies'],
  ],
  [`${core}/adapter/probe.ts`]: [
    ['../hub/hub.ts'],
    ['../connection/options.ts'],
    ['../node/drain.ts', '`adapter` imports itself'],
    ['../testing/read-events.ts', '`adapter` imports itself'],
    ['../adapter.ts', 'entry is imported from outside'],
    ['node:stream', "Node's own modules"],
  ],
  [`${core}/engine/probe.ts`]: [
    ['../hub/log.ts'],
    ['../wire/error.ts'],
    ['../adapter/middleware.ts', '`engine` imports itself'],
    ['../node/drain.ts', '`engine` imports itself'],
    ['../engine.ts', 'entry is imported from outside'],
    ['node:timers', "Node's own modules"],
  ],
  [`${core}/otel/probe.ts`]: [
    ['@opentelemetry/api'],
    ['../hub/stats.ts'],
    ['../connection/host.ts'],
    ['@opentelemetry/sdk-metrics', 'sees the API alone'],
    ['../engine/delivery.ts', '`otel` imports itself'],
    ['../node/drain.ts', '`otel` imports itself'],
    ['../otel.ts', 'entry is imported from outside'],
    ['node:perf_hooks', "Node's own modules"],
  ],
  [`${core}/node/probe.ts`]: [
    ['node:http'],
    ['@opentelemetry/api', 'no dependencies'],
    ['../otel/metrics.ts', '`node` imports itself'],
    ['../engine/delivery.ts', '`node` imports itself'],
    ['../hub/hub.ts'],
    ['../testing/read-events.ts', '`node` imports itself'],
    ['../index.ts', 'entry is imported from outside'],
  ],
  [`${core}/testing/probe.ts`]: [
    ['node:assert'],
    ['@opentelemetry/api', 'no dependencies'],
    ['../otel.ts', 'entry is imported from outside'],
    ['../otel/metrics.ts', 'all floors but `otel`'],
    ['../node/drain.ts'],
    ['vitest', 'vitest'],
    ['../index.ts', 'entry is imported from outside'],
  ],
  [`${core}/testing/app/probe.ts`]: [
    ['./routes.ts'],
    ['../../hub/hub.ts'],
    ['../../connection/source.ts'],
    ['../read-events.ts', '`testing/app` imports itself'],
    ['../../node/drain.ts', '`testing/app` imports itself'],
    ['../../index.ts', 'entry is imported from outside'],
    ['node:assert', "Node's own modules"],
  ],
  [`${core}/index.ts`]: [
    ['./hub/hub.ts'],
    ['./node/drain.ts', 'what runs everywhere'],
    ['./testing/read-events.ts', 'what runs everywhere'],
    ['./otel/instrument-hub.ts', 'what runs everywhere'],
    ['./node.ts', 'entry is imported from outside'],
    ['node:http', "Node's own modules"],
  ],
  [`${core}/adapter.ts`]: [
    ['./adapter/middleware.ts'],
    ['./node/drain.ts', 'what runs everywhere'],
    ['./index.ts', 'entry is imported from outside'],
    ['node:http', "Node's own modules"],
  ],
  [`${core}/engine.ts`]: [['./engine/delivery.ts'], ['./node/drain.ts', 'what runs everywhere']],
  [`${core}/otel.ts`]: [
    ['./otel/instrument-hub.ts'],
    ['./testing/read-events.ts', 'what runs everywhere'],
    ['./index.ts', 'entry is imported from outside'],
  ],
  [`${core}/node.ts`]: [
    ['./node/drain.ts'],
    ['node:http'],
    ['./testing/read-events.ts', 'what runs in production'],
    ['./index.ts', 'entry is imported from outside'],
  ],
  [`${core}/testing.ts`]: [
    ['./otel/metrics.ts', 'all floors but `otel`'],
    ['./testing/read-events.ts'],
    ['./testing/app/routes.ts'],
    ['./index.ts', 'entry is imported from outside'],
    ['./testing-app.ts', 'entry is imported from outside'],
  ],
  [`${core}/testing-app.ts`]: [
    ['./testing/app/routes.ts'],
    ['./testing/read-events.ts', 'what runs everywhere'],
    ['./testing.ts', 'entry is imported from outside'],
    ['node:assert', "Node's own modules"],
  ],
  [`${core}/hub/probe.test.ts`]: [
    ['vitest'],
    ['node:http'],
    ['../testing/read-events.ts'],
    ['@sse/tooling/programs'],
    ['./hub.test.ts', 'Nothing imports tests'],
    ['../../../express/src/index.ts', 'published name'],
    ['stocks', 'Nobody imports the demos'],
  ],
  'packages/express/src/probe.ts': [
    ['@sse/core'],
    ['@sse/core/node'],
    ['express'],
    ['node:http'],
    ['@sse/koa', 'never each other'],
    ['@sse/core/testing', 'never each other'],
    ['@sse/core/testing/app', 'never each other'],
    ['@sse/core/dist/index.js', 'published name'],
    ['../../core/src/index.ts', 'published name'],
    ['../../koa/src/index.ts', 'published name'],
    ['./probe.test.ts', 'Nothing imports tests'],
    ['stocks', 'Nobody imports the demos'],
    ['../../../apps/stocks/server.ts', 'Nobody imports the demos'],
    ['../../../benchmarks/load.ts', 'Nobody imports the demos'],
  ],
  'packages/express/src/probe.test.ts': [
    ['@sse/core/testing'],
    ['@sse/core/testing/app'],
    ['@sse/tooling/programs'],
    ['supertest'],
    ['@sse/hono', 'never each other'],
    ['../../core/src/index.ts', 'published name'],
    ['./other.test.ts', 'Nothing imports tests'],
  ],
  'packages/redis/src/probe.ts': [['@sse/core/engine'], ['@sse/nats', 'never each other']],
  'apps/stocks/src/probe.ts': [
    ['@sse/express'],
    ['@sse/core/node'],
    ['./prices.ts'],
    ['../../../packages/core/src/index.ts', 'published name'],
    ['../../../packages/core/dist/index.js', 'published name'],
    ['@sse/core/src/index.ts', 'published name'],
    ['@sse/core/dist/index.js', 'published name'],
    ['../../apps/chat/server.ts', 'none of the others'],
    ['./prices.test.ts', 'Nothing imports tests'],
  ],
  'benchmarks/src/probe.ts': [
    ['@sse/core'],
    ['../../packages/core/src/index.ts', 'published name'],
    ['../../apps/stocks/server.ts', 'none of the others'],
  ],
  'chaos/src/probe.ts': [['@sse/redis'], ['../../packages/core/src/index.ts', 'published name']],
  'production/src/probe.ts': [['@sse/redis'], ['../../packages/core/src/index.ts', 'published name']],
  'tooling/probe.ts': [['../apps/stocks/server.ts', 'Nobody imports the demos']],
  'scripts/probe.mjs': [['../packages/core/index.test.ts', 'Nothing imports tests']],
}

/** What the linter says of a tree that holds every probe: messages by file and line. */
function lint(tree: string): ReadonlyMap<string, string> {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '--vcs-enabled=false', '.'],
    { cwd: tree, encoding: 'utf8' },
  )
  const said = new Map<string, string>()
  if (!stdout.startsWith('{')) throw new Error(`Biome said no JSON: ${stdout}${stderr}`)
  for (const { location, message } of JSON.parse(stdout).diagnostics) {
    const place = `${location.path}:${location.start.line}`
    said.set(place, `${said.get(place) ?? ''}${message}\n`)
  }
  return said
}

describe('the direction of imports', () => {
  let tree: string
  let said: ReadonlyMap<string, string>

  beforeAll(() => {
    tree = mkdtempSync(join(tmpdir(), 'imports-'))
    for (const path of [
      'biome.jsonc',
      'biome.imports.jsonc',
      'packages/core/package.json',
      'packages/express/package.json',
      'packages/redis/package.json',
    ]) {
      cpSync(join(root, path), join(tree, path))
    }
    for (const [file, imports] of Object.entries(probes)) {
      mkdirSync(dirname(join(tree, file)), { recursive: true })
      writeFileSync(join(tree, file), imports.map(([specifier]) => `import '${specifier}'\n`).join(''))
    }
    said = lint(tree)
  })

  afterAll(() => {
    rmSync(tree, { recursive: true })
  })

  for (const [file, imports] of Object.entries(probes)) {
    for (const [index, [specifier, refusal]] of imports.entries()) {
      it(`${refusal === undefined ? 'allows' : 'forbids'} ${file} to import ${specifier}`, () => {
        const message = said.get(`${file}:${index + 1}`)
        if (refusal === undefined) expect(message).toBeUndefined()
        else expect(message ?? '').toContain(refusal)
      })
    }
  }
})
