import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import mongoose from 'mongoose'
import { inject, onTestFinished, vi } from 'vitest'
import { daybook } from './command-line.ts'
import { makeFolder } from './temporary-folder.ts'

/** The blocks of a page: the language, the name of the file that it shows, and what is in it. */
export const BLOCK = /^```(\w*)(?: ([\w./-]+))?\n([^]*?)^```$/gm

/** A command after its prompt, and the lines that a page shows of what it prints. */
const COMMAND = /^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm

/** The present of all pages, so that what was posted has the same time in each run. */
const NOW = new Date('2026-02-01T09:00:00Z')

/**
 * Runs the commands of a page's `console` blocks in their order, in a new folder and database, and returns the page
 * with what they print. A block with the name of a file is that file from its place on. `…` in a page stands for
 * what differs from run to run, and on a line of its own for lines that are left out.
 */
export async function withOutput(page: string): Promise<string> {
  const { folder, run } = await openTerminal()
  let result = ''
  let end = 0
  for (const { 0: block, 1: language, 2: file, 3: content = '', index } of page.matchAll(BLOCK)) {
    if (file !== undefined) {
      await mkdir(dirname(join(folder, file)), { recursive: true })
      await writeFile(join(folder, file), content)
    }
    if (language !== 'console') continue
    result += `${page.slice(end, index)}\`\`\`console\n`
    for (const [, command = '', shown = ''] of content.matchAll(COMMAND)) {
      result += `$ ${command}\n${updated(shown, await run(command))}`
    }
    result += '```'
    end = index + block.length
  }
  return result + page.slice(end)
}

/** What a page shows if that is what was printed, else what it should show. */
function updated(shown: string, printed: string): string {
  if (shows(shown, printed)) return shown
  const withGaps = shown.split(/(?<=\n)/).filter((line) => line.includes('…') && line !== '…\n')
  return printed
    .split(/(?<=\n)/)
    .map((line) => withGaps.find((gap) => shows(gap, line)) ?? withoutChance(line))
    .join('')
}

function shows(shown: string, printed: string): boolean {
  const pattern = shown
    .replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replaceAll(/^…\n/gm, '(?:.*\n)*')
    .replaceAll('…', '.*')
  return new RegExp(`^${pattern}$`).test(printed)
}

/** Puts `…` for durations, rates and ids that are made. */
const withoutChance = (line: string): string =>
  line
    .replace(/[\d.,]+ s, [\d.,]+ a second/, '… s, … a second')
    .replaceAll(/\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b|\b(?=\d*[a-f])[\da-f]{24}\b/g, '…')

/** A folder and databases of a reader: one without `--folder`, and one for each that is named. */
async function openTerminal() {
  const database = `page-${randomUUID()}`
  const uriOf = (name: string) => inject('mongodbUri').replace(/\/\?|\/?$/, `/${database}${name}?`)
  const names = new Set<string>()
  const repository = process.cwd()
  const folder = await makeFolder()
  for (const path of ['examples', 'seeds', 'package.json', 'node_modules']) {
    await symlink(resolve(path), join(folder, path))
  }
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] })
  process.chdir(folder)
  onTestFinished(async () => {
    process.chdir(repository)
    vi.useRealTimers()
    for (const name of names) {
      const connection = await mongoose.createConnection(uriOf(name)).asPromise()
      await connection.dropDatabase()
      await connection.close()
    }
  })

  let lastExitCode: number | string = 0
  /** Runs a command, and returns what it prints on stdout, or if that is nothing on stderr. */
  const run = async (command: string): Promise<string> => {
    if (command === 'echo $?') return `${lastExitCode}\n`
    if (!command.startsWith('npx daybook ')) {
      return (await promisify(execFile)('sh', ['-c', command])).stdout
    }
    const words = wordsOf(command).slice(2)
    const at = words.indexOf('--folder')
    const [, name = ''] = at === -1 ? [] : words.splice(at, 2)
    names.add(name)
    // It compares the clock with the server's.
    if (words[0] === 'doctor') vi.setSystemTime(vi.getRealSystemTime())
    const { stdout, stderr, exitCode } = await daybook(uriOf(name), words)
    vi.setSystemTime(NOW)
    lastExitCode = exitCode
    return (stdout || stderr)
      .replaceAll(`${folder}/`, '')
      .replaceAll(/ +$/gm, '')
      .replaceAll(/^database: .*\n/gm, '')
      .replaceAll(uriOf(name), 'mongodb://…')
      .replaceAll(`${database}${name}`, 'test')
  }
  return { folder, run }
}

/** The words of a command without its comment, as a shell reads them. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/#.*|(?:[^\s'"]|'[^']*'|"[^"]*")+/g)]
    .map(([word]) => word)
    .filter((word) => !word.startsWith('#'))
    .map((word) => word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'))
