import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The part of a package.json that the tests of releases read. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly description?: string
  readonly keywords?: readonly string[]
  readonly license?: string
  readonly type?: string
  readonly sideEffects?: boolean
  readonly engines?: Readonly<Record<string, string>>
  readonly files?: readonly string[]
  readonly publishConfig?: Readonly<Record<string, unknown>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** Where the published packages are. */
export const packagesDirectory = fileURLToPath(new URL('../packages', import.meta.url))

/** The folders of the published packages: `core`, `express`, … */
export const packageFolders: readonly string[] = readdirSync(packagesDirectory).filter((folder) =>
  existsSync(join(packagesDirectory, folder, 'package.json')),
)

/** Packs a built package as it would be published, and answers where the tarball is: `<folder>.tgz`. */
export function packPackage(folder: string, into: string): string {
  const file = join(into, `${folder}.tgz`)
  execFileSync('pnpm', ['pack', '--out', file], { cwd: join(packagesDirectory, folder), stdio: 'pipe' })
  return file
}

/** The package.json in a directory. */
export function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
}
