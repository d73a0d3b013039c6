import { execFileSync } from 'node:child_process'
import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { named } from '../src/internal.ts'
import { UsageError } from './context/command.ts'

/** What a release needs to know. */
export interface ReleaseOptions {
  /** The folder of the project. */
  readonly folder: string
  /** The new version, such as `0.2.0`. */
  readonly version: string
  readonly date: Date
  /** Whether the files are changed. Without it they are only checked. */
  readonly write: boolean
  /** Checks the project as it will be released, and throws if something is wrong. */
  readonly check: () => void
}

/**
 * Prepares a release: checks the tree, the version, the changelog and the project, then sets the version and dates the
 * changelog. It commits, tags and publishes nothing. Returns what a person does next.
 * @throws UsageError if the tree has changes, the version is not a later one, or the changelog has nothing new
 */
export function prepareRelease(options: ReleaseOptions): string {
  const { folder, version, date, write, check } = options
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const before = (JSON.parse(read('package.json')) as { version: string }).version
  requireLater(version, before)
  requireClean(folder)
  const files = {
    'package.json': withVersion(read('package.json'), before, version),
    'package-lock.json': withVersion(read('package-lock.json'), before, version),
    'README.md': read('README.md').replaceAll(`daybook-${before}.tgz`, `daybook-${version}.tgz`),
    'CHANGELOG.md': datedChangelog(read('CHANGELOG.md'), version, date),
  }
  check()
  if (!write) return `${version} can be released. Nothing was written: add --write to do so`
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return [
    `${Object.keys(files).join(', ')} have the version ${version}. Read the difference, then:`,
    `  git commit --all --message 'release: ${version}'`,
    `  git tag v${version}`,
    '  npm publish',
  ].join('\n')
}

function requireLater(version: string, before: string): void {
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new UsageError(`${named(version)} is not a version such as 1.2.3`)
  }
  if (before.localeCompare(version, 'en', { numeric: true }) >= 0) {
    throw new UsageError(`${version} is not later than ${before}, the version of package.json`)
  }
}

function requireClean(folder: string): void {
  const changes = execFileSync('git', ['status', '--porcelain'], { cwd: folder, encoding: 'utf8' })
  if (changes !== '') {
    throw new UsageError(
      `the working tree has changes, commit or remove them first:\n${changes.trimEnd()}`,
    )
  }
}

/** The first places of the version in a file: the package's own. Those of its dependencies come later. */
function withVersion(text: string, before: string, version: string): string {
  const places = text.includes('"lockfileVersion"') ? 2 : 1
  let left = places
  return text.replaceAll(`"version": "${before}"`, (place) =>
    left-- > 0 ? `"version": "${version}"` : place,
  )
}

function datedChangelog(changelog: string, version: string, date: Date): string {
  const [, unreleased = ''] = /^## Unreleased\n([^]*?)(?=^## )/m.exec(`${changelog}\n## `) ?? []
  if (!unreleased.includes('- ')) {
    throw new UsageError(
      'CHANGELOG.md has nothing under "## Unreleased": say what changed for users',
    )
  }
  const heading = `## ${version} (${date.toISOString().slice(0, 10)})`
  return changelog.replace('## Unreleased\n', `## Unreleased\n\n${heading}\n`)
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { write: { type: 'boolean', default: false } },
  })
  const [version = '', ...rest] = positionals
  if (version === '' || rest.length > 0) {
    throw new UsageError('expected the new version: npm run release -- 1.2.3 [--write]')
  }
  const folder = fileURLToPath(new URL('..', import.meta.url))
  const check = () => void execFileSync(join(folder, '.ci', 'run'), { stdio: 'inherit' })
  const date = new Date()
  process.stdout.write(`${prepareRelease({ folder, version, date, write: values.write, check })}\n`)
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main()
  } catch (error) {
    process.stderr.write(`release: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = error instanceof UsageError ? 64 : 1
  }
}
