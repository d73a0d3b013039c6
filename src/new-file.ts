import { randomUUID } from 'node:crypto'
import { access, open, rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { InputError } from './errors.ts'
import { quote } from './messages.ts'

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )

/** @throws InputError if the file exists */
export async function requireNewFile(file: string): Promise<void> {
  if (!(await exists(file))) return
  throw new InputError(
    `${quote(file)} already exists: name another file, or set the option force to replace it`,
  )
}

/**
 * Writes a file, gzipped if its name ends in `.gz`. The text goes to a temporary file beside it, which gets the file's
 * name when it is complete. An existing file is replaced only with `force`.
 * @throws InputError if the file cannot be written, or exists and `force` is not set
 */
export async function writeNewFile(
  file: string,
  texts: AsyncIterable<string>,
  { force }: { force: boolean },
): Promise<void> {
  const temporary = `${file}.${randomUUID()}.partial`
  const handle = await open(temporary, 'wx').catch((error: Error) => {
    throw new InputError(`${quote(file)} cannot be written: ${error.message}`, { cause: error })
  })
  const output = handle.createWriteStream({ flush: true })
  try {
    const input = Readable.from(texts)
    await (/\.gz$/i.test(file) ? pipeline(input, createGzip(), output) : pipeline(input, output))
    // It may have been created in the meantime.
    if (!force) await requireNewFile(file)
    await rename(temporary, file)
  } finally {
    await rm(temporary, { force: true })
  }
}
