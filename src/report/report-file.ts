import { open } from 'node:fs/promises'
import { InputError } from '../errors.ts'
import { openProblem, quote } from '../messages.ts'
import { writeNewFile } from '../new-file.ts'

/** How every page of a report begins. Only a file that begins so is replaced by another report. */
export const PAGE_START = '<!doctype html>\n<html lang="en" data-made-by="daybook-report">'

/** @throws InputError if the file exists and is not a report of Daybook */
export async function requireReportFile(file: string): Promise<void> {
  const found = await startOf(file)
  if (found === undefined || found === PAGE_START) return
  throw new InputError(
    `${quote(file)} already exists and is not a report of Daybook, so it is not replaced: name another file`,
  )
}

/**
 * Writes the page of a report. A report that is there already is replaced, because it can be made again.
 * @throws InputError if the file cannot be written, or exists and is something else
 */
export async function writeReport(file: string, page: string): Promise<void> {
  await requireReportFile(file)
  // oxlint-disable-next-line require-await -- the page is one part
  const parts = (async function* () {
    yield page
  })()
  await writeNewFile(file, parts, { force: true })
}

/** As much of a file as the start of a page has; undefined if there is no file. */
async function startOf(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file)
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(PAGE_START.length))
      return buffer.toString('utf8', 0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new InputError(`${quote(file)}: ${openProblem(error)}`, { cause: error })
  }
}
