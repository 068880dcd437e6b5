// Says in each published package.json where the repository is: npm wants it to agree with the statement of provenance, and
// resolves the links of READMEs by it. The release workflow runs it, since only there the repository is known.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const packages = fileURLToPath(new URL('../packages', import.meta.url))

/**
 * A package.json with its repository.
 *
 * @param {Record<string, unknown>} manifest
 * @param {string} repository its address: `https://github.com/owner/name`
 * @param {string} folder of the package
 */
export function withRepository(manifest, repository, folder) {
  return {
    ...manifest,
    homepage: `${repository}/tree/main/packages/${folder}#readme`,
    bugs: `${repository}/issues`,
    repository: { type: 'git', url: `git+${repository}.git`, directory: `packages/${folder}` },
  }
}

/** @param {string} repository */
function nameIn(repository) {
  for (const folder of readdirSync(packages)) {
    const file = join(packages, folder, 'package.json')
    if (!existsSync(file)) continue
    const manifest = withRepository(JSON.parse(readFileSync(file, 'utf8')), repository, folder)
    writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env
  if (GITHUB_SERVER_URL === undefined || GITHUB_REPOSITORY === undefined) {
    throw new Error('GITHUB_SERVER_URL and GITHUB_REPOSITORY say where the repository is: this runs in a workflow')
  }
  nameIn(`${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`)
}
