import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { prepareRelease } from '../../scripts/release.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const CHANGELOG = '# Changelog\n\n## Unreleased\n\n- Holds.\n\n## 0.1.0 (2026-01-01)\n\n- First.\n'

/** A project under git, which prepares its releases. */
async function makeProject({ changelog = CHANGELOG } = {}) {
  const folder = await makeFolder()
  const git = (...parameters: string[]) => execFileSync('git', parameters, { cwd: folder })
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  const version = '"version": "0.1.0"'
  await write('package.json', `{ "name": "daybook", ${version} }\n`)
  await write(
    'package-lock.json',
    `{ ${version}, "lockfileVersion": 3, "packages": { "": { ${version} }, "other": { ${version} } } }\n`,
  )
  await write('README.md', 'npm install ../daybook/daybook-0.1.0.tgz\n')
  await write('CHANGELOG.md', changelog)
  git('init', '--quiet')
  git('add', '.')
  git('-c', 'user.name=a', '-c', 'user.email=a@b.c', 'commit', '--quiet', '--message', 'start')
  const release = (options: { version?: string; write?: boolean; check?: () => void } = {}) =>
    prepareRelease({
      folder,
      version: '0.2.0',
      date: new Date('2026-12-24'),
      write: false,
      check: () => undefined,
      ...options,
    })
  return { folder, write, release, read: (name: string) => readFile(join(folder, name), 'utf8') }
}

describe('a release', () => {
  test('sets the version of the package only, and dates the changelog', async () => {
    const { release, read } = await makeProject()
    expect(release({ write: true })).toContain('git tag v0.2.0')
    expect(await read('package.json')).toBe('{ "name": "daybook", "version": "0.2.0" }\n')
    expect(await read('package-lock.json')).toBe(
      '{ "version": "0.2.0", "lockfileVersion": 3, "packages": { "": { "version": "0.2.0" }, "other": { "version": "0.1.0" } } }\n',
    )
    expect(await read('README.md')).toBe('npm install ../daybook/daybook-0.2.0.tgz\n')
    expect(await read('CHANGELOG.md')).toBe(
      CHANGELOG.replace('Unreleased\n', 'Unreleased\n\n## 0.2.0 (2026-12-24)\n'),
    )
  })

  test('writes nothing without --write', async () => {
    const { release, read } = await makeProject()
    expect(release()).toContain('Nothing was written')
    expect(await read('package.json')).toContain('0.1.0')
    expect(await read('CHANGELOG.md')).toBe(CHANGELOG)
  })

  test('writes nothing if a check fails', async () => {
    const { release, read } = await makeProject()
    const check = () => {
      throw new Error('lint failed')
    }
    expect(() => release({ write: true, check })).toThrow('lint failed')
    expect(await read('CHANGELOG.md')).toBe(CHANGELOG)
  })

  test.each(['0.1.0', '0.0.9', '0.2', 'v0.2.0', ''])('refuses the version %j', async (version) => {
    const { release } = await makeProject()
    expect(() => release({ version })).toThrow(/is not (?:a version|later)/)
  })

  test('takes 0.10.0 as a later version', async () => {
    const { release } = await makeProject()
    expect(release({ version: '0.10.0' })).toContain('0.10.0 can be released')
  })

  test('refuses a tree with changes', async () => {
    const { release, write } = await makeProject()
    await write('README.md', 'changed\n')
    expect(() => release()).toThrow(/has changes.*\n M README\.md/)
  })

  test('refuses a changelog with nothing new', async () => {
    const changelog = CHANGELOG.replace('- Holds.\n\n', '')
    const { release } = await makeProject({ changelog })
    expect(() => release()).toThrow('nothing under "## Unreleased"')
  })
})
