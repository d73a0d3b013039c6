import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { daybook } from '../support/command-line.ts'
import { makeFolder } from '../support/temporary-folder.ts'

/** What bash would offer for the last word of each command line. */
async function completions(lines: readonly (readonly string[])[]): Promise<string[]> {
  const folder = await makeFolder()
  await writeFile(join(folder, 'january file.csv'), '')
  await writeFile(join(folder, 'june.csv'), '')
  await mkdir(join(folder, 'formats'))
  const { stdout: script, stderr } = await daybook('mongodb://127.0.0.1:1/none', ['completion'])
  expect(stderr).toBe('')
  const asked = lines.map((words) => {
    const quoted = words.map((word) => `'${word}'`).join(' ')
    return `COMP_WORDS=(daybook ${quoted}); COMP_CWORD=${words.length}; _daybook; (IFS='|'; echo "\${COMPREPLY[*]}")`
  })
  const bash = execFileSync('bash', ['--norc', '-c', `${script}\n${asked.join('\n')}`], {
    cwd: folder,
    encoding: 'utf8',
  })
  return bash.split('\n')
}

describe('the completion in bash', () => {
  const cases: [words: string[], offered: string][] = [
    [['mig'], 'migrate'],
    [['hold'], 'hold|holds'],
    [['migrate', 's'], 'status'],
    [['--folder', 'migrate', 'migrate', 'un'], 'unlock'],
    [['account', 'limit', 'ADA', '--o'], '--overdraft'],
    [['account', 'freeze', 'ADA', '--o'], ''],
    [['balances', 'ADA', '--every', 'm'], 'month'],
    [['balances', 'ADA', '--every', '=', 'm'], 'month'],
    [['formats', ''], 'try'],
    [['formats', 'try', 'ju'], 'june.csv'],
    [['replay', 'june.csv', 'jan'], 'january file.csv'],
    [['verify', '--save', 'ju'], 'june.csv'],
    [['verify', '--json', 'ju'], ''],
    [['nothing', 'ju'], ''],
  ]
  test('offers commands, actions, options, their values and files', async () => {
    const offered = await completions(cases.map(([words]) => words))
    expect(offered.length - 1).toBe(cases.length)
    expect(cases.map(([words], index) => [words, offered[index]])).toEqual(cases)
  })
})
