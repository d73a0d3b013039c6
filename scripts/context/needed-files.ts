import { access, constants, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { InputError } from '../../src/index.ts'
import { openProblem, quote } from '../../src/internal.ts'

/**
 * Checks that the files that a command will read are there. It does so before a database is opened, because that may
 * start a server and migrate.
 * @throws InputError that names the file
 */
export async function requireFiles(files: readonly (string | undefined)[]): Promise<void> {
  for (const file of files) {
    // Standard input is there.
    if (file === undefined || file === '-') continue
    try {
      if ((await stat(file)).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
      await access(file, constants.R_OK)
    } catch (error) {
      throw new InputError(`${quote(file)}: ${openProblem(error)}`, { cause: error })
    }
  }
}

/** Checks that a folder that a command will read is there, as {@link requireFiles} does. @throws InputError that names it */
export async function requireFolder(folder: string | undefined): Promise<void> {
  if (folder === undefined) return
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory()) return
  throw new InputError(
    `${quote(folder)}: ${found ? 'this is a file: name a folder' : 'the folder does not exist: check its path'}`,
  )
}

/**
 * Checks that a file that a command will write can be made where it belongs, as {@link requireFiles} does.
 * @throws InputError that names the file
 */
export async function requireWritable(file: string | undefined): Promise<void> {
  if (file === undefined) return
  try {
    await access(dirname(file), constants.W_OK)
  } catch (error) {
    throw new InputError(
      `${quote(file)}: the folder ${quote(dirname(file))} does not exist or is not writable`,
      { cause: error },
    )
  }
}
