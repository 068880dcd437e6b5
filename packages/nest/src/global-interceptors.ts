import type { NestInterceptor } from '@nestjs/common'
import type { ApplicationConfig } from '@nestjs/core'

const surrounded = new WeakMap<ApplicationConfig, () => boolean>()

/**
 * Puts an interceptor around the global ones of an application, where it has some: what they emit is to be streamed, too.
 * Where it has none, there will be none, and other routes are as they were.
 *
 * Which there are is known only when Nest asks for them, as it registers a route.
 *
 * @returns whether there are some.
 */
export function surroundGlobalInterceptors(config: ApplicationConfig, outermost: NestInterceptor): () => boolean {
  const known = surrounded.get(config)
  if (known !== undefined) return known
  const globals = config.getGlobalInterceptors.bind(config)
  const hasSome = (): boolean => globals().length > 0 || config.getGlobalRequestInterceptors().length > 0
  config.getGlobalInterceptors = () => (hasSome() ? [outermost, ...globals()] : globals())
  surrounded.set(config, hasSome)
  return hasSome
}
