/**
 * Makes the pictures of README in docs/pictures from real runs: `npm run pictures`. It needs Chromium, or an installed
 * Chrome, and the command `script` of Linux.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { AnsiUp } from 'ansi_up'
import type { Browser } from 'playwright-core'
import { startBrowser } from './browser.ts'

const run = promisify(execFile)

/** In pixels on the page. A picture has half as many again. */
const WIDTH = 940
const SCALE = 1.5

/** How many columns and lines the terminal has. */
const [COLUMNS, LINES] = [100, 33]

const PICTURES = 'docs/pictures'

/** The largest picture, in bytes: a README with them is to load at once. */
const LARGEST = 200_000

/** How Node.js runs a command, from whatever folder. */
const cli = ['--import', import.meta.resolve('tsx'), resolve('scripts/cli.ts')]

/** What `daybook demo` prints in a folder, on a terminal with colours, as escape sequences. */
async function demoOutput(folder: string): Promise<string> {
  const errors = join(folder, 'stderr')
  const demo = [process.execPath, ...cli, 'demo']
  const command = `stty cols ${COLUMNS}; ${demo.map((word) => `'${word}'`).join(' ')} 2>'${errors}'`
  try {
    const env = { ...process.env, TERM: 'xterm-256color', COLORTERM: 'truecolor' }
    const { stdout } = await run('script', ['-qec', command, '/dev/null'], { env, cwd: folder })
    // The picture is the same wherever the project is.
    return stdout.replaceAll('\r\n', '\n').replaceAll(`${process.cwd()}/`, '')
  } catch (error) {
    throw new Error(await readFile(errors, 'utf8'), { cause: error })
  }
}

/** The page of a terminal with the first lines of an output. */
function terminalPage(output: string): string {
  const lines = output.split('\n')
  const shown = lines.slice(0, LINES).join('\n')
  const text = new AnsiUp().ansi_to_html(lines.length > LINES ? `${shown}\n…` : shown)
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; background: #fff; color: #1b1f24 }
    pre { margin: 0; padding: 20px 24px; font: 14px/1.5 'DejaVu Sans Mono', Menlo, Consolas, monospace; border: 1px solid #dfe3e8; border-radius: 10px; width: ${COLUMNS}ch; white-space: break-spaces; word-break: break-all }
    b { color: #57606c; font-weight: normal }
  </style><body><pre><b>$ daybook demo</b>\n${text}</pre></body>`
}

/** A year of transfers, replayed with a report, in the local database of a folder. Returns the path of the page. */
async function yearReport(folder: string): Promise<string> {
  const page = join(folder, 'report.html')
  const file = '2025.csv'
  const daybook = (...parameters: string[]) =>
    run(process.execPath, [...cli, ...parameters], { cwd: folder })
  await daybook('seed', '--accounts', '980')
  const days = ['--from', '2025-01-01', '--to', '2025-12-31', '--refusals', '0.01']
  await daybook('generate', file, '--transfers', '20000', '--accounts', '980', ...days)
  await daybook('replay', file, '--report', page).catch((error: { code?: unknown }) => {
    // Some lines are refused.
    if (error.code !== 5) throw error
  })
  return page
}

/** Of the top of a page, as high as is said, or else of the terminal in it. */
async function takePicture(browser: Browser, page: string, name: string, height?: number) {
  const context = await browser.newContext({
    colorScheme: 'light',
    deviceScaleFactor: SCALE,
    viewport: { width: WIDTH, height: height ?? 100 },
  })
  const tab = await context.newPage()
  await tab.goto(pathToFileURL(page).href)
  const path = join(PICTURES, name)
  await (height === undefined ? tab.locator('pre') : tab).screenshot({ path })
  await context.close()
  const { size } = await stat(path)
  process.stdout.write(`${path}: ${size} bytes\n`)
  if (size > LARGEST) throw new Error(`${path} has ${size} bytes, more than ${LARGEST}`)
}

const folder = await mkdtemp(join(tmpdir(), 'daybook-pictures-'))
const [demo, year] = [join(folder, 'demo'), join(folder, 'year')]
const browser = await startBrowser()
try {
  for (const each of [PICTURES, demo, year]) await mkdir(each, { recursive: true })
  const terminal = join(folder, 'terminal.html')
  await writeFile(terminal, terminalPage(await demoOutput(demo)))
  await takePicture(browser, terminal, 'terminal.png')
  await takePicture(browser, await yearReport(year), 'report.png', 1_270)
} finally {
  await browser.close()
  await rm(folder, { recursive: true, force: true })
}
