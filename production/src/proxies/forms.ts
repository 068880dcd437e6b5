import { HAPROXY_AS_DOCUMENTED, HAPROXY_BY_DEFAULT } from './haproxy.ts'
import { NGINX_AS_DOCUMENTED, NGINX_BY_DEFAULT } from './nginx.ts'
import type { ProxyForm } from './proxy.ts'
import { VARNISH_AS_DOCUMENTED, VARNISH_BY_DEFAULT } from './varnish.ts'

/** Each proxy as the documentation has it. */
export const AS_DOCUMENTED: readonly ProxyForm[] = [NGINX_AS_DOCUMENTED, HAPROXY_AS_DOCUMENTED, VARNISH_AS_DOCUMENTED]

/** Each proxy, by its defaults and as the documentation has it. */
export const FORMS: readonly ProxyForm[] = [NGINX_BY_DEFAULT, HAPROXY_BY_DEFAULT, VARNISH_BY_DEFAULT, ...AS_DOCUMENTED]
