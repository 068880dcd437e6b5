import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { documented, replaced } from './documented.ts'
import { IDLE_SECONDS, type ProxyForm, startProxy, type Upstream } from './proxy.ts'

/** As Debian's HAProxy has it in its own file, without what is about logs and error pages: events wait there. */
export const HAPROXY_BY_DEFAULT: ProxyForm = haproxy(
  'HAProxy by default',
  (idleSeconds) => `defaults
  mode http
  timeout connect 5000
  timeout client ${idleSeconds}s
  timeout server ${idleSeconds}s
`,
)

/** As the documentation has it. */
export const HAPROXY_AS_DOCUMENTED: ProxyForm = haproxy('HAProxy as documented', (idleSeconds) =>
  replaced(documented('haproxy'), /(?<=timeout (client|server) )60s/g, `${idleSeconds}s`),
)

function haproxy(name: string, defaults: (idleSeconds: number) => string): ProxyForm {
  return {
    name,
    program: 'haproxy',
    start: (upstreams, idleSeconds = IDLE_SECONDS) =>
      startProxy('haproxy', (directory, port) => {
        const file = join(directory, 'haproxy.cfg')
        writeFileSync(
          file,
          `global
  nbthread 1
  maxconn 500

${defaults(idleSeconds)}
frontend web
  bind 127.0.0.1:${port}
  http-request return status 200 content-type text/plain string ${directory} if { path /ready }
${upstreams.map(({ name }) => `  use_backend ${name} if { path_beg /${name}/ }`).join('\n')}

${upstreams.map(backend).join('\n')}`,
        )
        // In the foreground.
        return ['-db', '-f', file]
      }),
  }
}

function backend({ name, port }: Upstream): string {
  return `backend ${name}
  http-request replace-path /${name}/(.*) /\\1
  server ${name} 127.0.0.1:${port}
`
}
