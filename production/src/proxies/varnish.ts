import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { documented } from './documented.ts'
import { IDLE_SECONDS, type ProxyForm, startProxy, type Upstream } from './proxy.ts'

/** With the VCL that is built in. */
export const VARNISH_BY_DEFAULT: ProxyForm = varnish('Varnish by default', () => '', { noticesWhenWriting: true })

/** As the documentation has it. */
export const VARNISH_AS_DOCUMENTED: ProxyForm = varnish('Varnish as documented', () => documented('vcl'))

/** A Varnish with a VCL of its own, in front of the one that is built in. */
export function varnish(
  name: string,
  vcl: () => string,
  {
    noticesWhenWriting = false,
    parameters = [],
  }: { noticesWhenWriting?: boolean; parameters?: readonly string[] } = {},
): ProxyForm {
  return {
    name,
    program: 'varnishd',
    noticesWhenWriting,
    start: (upstreams, idleSeconds = IDLE_SECONDS) =>
      startProxy('varnishd', (directory, port) => {
        const file = join(directory, 'default.vcl')
        writeFileSync(file, `vcl 4.1;\n${backends(upstreams, idleSeconds)}${routes(upstreams, directory)}${vcl()}`)
        const own = ['-F', '-f', file, '-a', `127.0.0.1:${port}`, '-n', directory, '-j', 'none', '-T', 'none']
        const small = ['-s', 'malloc,16m', '-p', 'thread_pools=1', '-p', 'thread_pool_min=50']
        const idle = ['-p', `pipe_timeout=${idleSeconds}`]
        return [...own, ...small, ...idle, ...parameters.flatMap((parameter) => ['-p', parameter])]
      }),
  }
}

function backends(upstreams: readonly Upstream[], idleSeconds: number): string {
  const blocks = upstreams.map(
    ({ name, port }) => `backend ${identifier(name)} {
  .host = "127.0.0.1";
  .port = "${port}";
  .first_byte_timeout = ${idleSeconds}s;
  .between_bytes_timeout = ${idleSeconds}s;
}
`,
  )
  return blocks.join('')
}

function routes(upstreams: readonly Upstream[], directory: string): string {
  const choices = upstreams.map(
    ({ name }) =>
      `  if (req.url ~ "^/${name}/") { set req.backend_hint = ${identifier(name)}; set req.url = regsub(req.url, "^/${name}", ""); }\n`,
  )
  return `sub vcl_recv {
  if (req.url == "/ready") { return (synth(200, "${directory}")); }
${choices.join('')}}
sub vcl_synth {
  if (req.url == "/ready") { set resp.body = resp.reason; return (deliver); }
}
`
}

/** VCL knows no `-` in the names of backends. */
function identifier(name: string): string {
  return name.replaceAll('-', '_')
}
