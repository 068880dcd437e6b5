import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageFolders, packPackage } from '../packing.ts'

const sources = fileURLToPath(new URL('app', import.meta.url))
const workspace = fileURLToPath(new URL('../../pnpm-workspace.yaml', import.meta.url))

/** What the servers need beside our packages: peers, and what goes with them. */
const DEPENDENCIES = [
  '@hono/node-server',
  '@nats-io/jetstream',
  '@nats-io/nats-core',
  '@nats-io/transport-node',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  'express',
  'hono',
  'ioredis',
  'koa',
  'redis',
  'reflect-metadata',
  'rxjs',
]

/**
 * Makes an application outside of the workspace: the servers of `app/`, the tarballs of all packages, and what else they
 * need, from the registry, installed by npm. The packages have to be built.
 *
 * @param directory empty
 */
export function installApplication(directory: string): void {
  const tarballs = join(directory, 'tarballs')
  mkdirSync(tarballs)
  const packed = packageFolders.map((folder) => packPackage(folder, tarballs))
  writeFileSync(join(directory, 'package.json'), '{ "private": true, "type": "module" }\n')
  const versions = catalog()
  const others = DEPENDENCIES.map((name) => `${name}@${versions.get(name)}`)
  npmInstall(directory, [...packed, ...others])
  cpSync(sources, directory, { recursive: true })
}

/** Installs packages in a directory that has a package.json. No scripts are run. */
export function npmInstall(directory: string, packages: readonly string[]): void {
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error']
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  execFileSync(npm, ['install', ...flags, ...packages], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
}

/** The versions that the packages of the workspace share. */
function catalog(): ReadonlyMap<string, string> {
  const [, text = ''] = readFileSync(workspace, 'utf8').split(/^catalog:\n/m)
  const lines = text.split(/^\S/m)[0]?.matchAll(/^ {2}"?([^"\n]+?)"?: (.+)$/gm) ?? []
  return new Map(Array.from(lines, ([, name = '', version = '']) => [name, version]))
}
