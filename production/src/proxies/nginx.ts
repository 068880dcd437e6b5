import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { documented, replaced } from './documented.ts'
import { IDLE_SECONDS, type ProxyForm, startProxy, type Upstream } from './proxy.ts'

/** What nginx is to do beside passing on. */
export interface NginxOptions {
  readonly name: string
  /** Lines for all locations, such as `gzip on;`, where files are in that directory. */
  lines?(directory: string): readonly string[]
  /** The block `location` of one upstream. */
  location(upstream: Upstream): string
}

/** As Debian's nginx does it without being told anything but where to: it speaks HTTP/1.0 to the server. */
export const NGINX_BY_DEFAULT: ProxyForm = nginx({
  name: 'nginx by default',
  location: ({ name, port }) => `location /${name}/ { proxy_pass http://127.0.0.1:${port}/; }`,
})

/** As the documentation has it, compressing what Debian's configuration compresses, and more. */
export const NGINX_AS_DOCUMENTED: ProxyForm = nginx({
  name: 'nginx as documented, with gzip',
  lines: () => ['gzip on;', 'gzip_types *;', 'gzip_proxied any;', 'gzip_min_length 0;'],
  location: documentedLocation,
})

/** An nginx with a configuration of its own. */
export function nginx(options: NginxOptions): ProxyForm {
  return {
    name: options.name,
    program: 'nginx',
    start: (upstreams, idleSeconds = IDLE_SECONDS) =>
      startProxy('nginx', (directory, port) => configure(options, { upstreams, directory, port, idleSeconds })),
  }
}

/** The block of the documentation, for one of many upstreams. */
export function documentedLocation({ name, port }: Upstream): string {
  const location = replaced(documented('nginx'), 'location / {', `location /${name}/ {`)
  return replaced(location, 'http://127.0.0.1:3000;', `http://127.0.0.1:${port}/;`)
}

interface Place {
  readonly upstreams: readonly Upstream[]
  readonly directory: string
  readonly port: number
  readonly idleSeconds: number
}

function configure({ lines = () => [], location }: NginxOptions, { upstreams, directory, port, idleSeconds }: Place) {
  const file = join(directory, 'nginx.conf')
  mkdirSync(join(directory, 'temporary'))
  writeFileSync(
    file,
    `# Where it runs: in the foreground, as one process, with its files in a directory of its own.
daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  client_body_temp_path ${directory}/temporary/body;
  proxy_temp_path ${directory}/temporary/proxy;
  proxy_cache_path ${directory}/temporary/cache keys_zone=cache:1m;
  fastcgi_temp_path ${directory}/temporary/fastcgi;
  uwsgi_temp_path ${directory}/temporary/uwsgi;
  scgi_temp_path ${directory}/temporary/scgi;
  server {
    listen 127.0.0.1:${port};
    proxy_read_timeout ${idleSeconds}s;
    location = /ready { return 200 ${directory}; }
    ${lines(directory).join('\n    ')}
    ${upstreams.map(location).join('\n    ')}
  }
}
`,
  )
  return ['-c', file, '-e', 'stderr', '-p', directory]
}
