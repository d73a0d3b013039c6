import { randomUUID } from 'node:crypto'
import { openSync, rmSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageError } from '../errors.ts'

const newPath = () => join(tmpdir(), `daybook-${randomUUID()}`)

/** Opens a temporary file. It disappears when its handle is closed, even if the process is killed. */
export async function openTemporaryFile(): Promise<FileHandle> {
  const path = newPath()
  const handle = await open(path, 'wx+', 0o600).catch(throwStorageError)
  try {
    await rm(path)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** {@link openTemporaryFile} for what reads and writes synchronously. */
export function openTemporaryFileSync(): number {
  const path = newPath()
  try {
    const file = openSync(path, 'wx+', 0o600)
    rmSync(path)
    return file
  } catch (error) {
    return throwStorageError(error as Error)
  }
}

export async function appendToTemporaryFile(
  handle: FileHandle,
  content: Buffer | string,
): Promise<void> {
  await handle.writeFile(content).catch(throwStorageError)
}

/** @throws StorageError naming the folder of temporary files */
export function throwStorageError(error: Error): never {
  const problem = `cannot write a temporary file in this folder: ${error.message}; free some space, or set TMPDIR to another folder`
  throw new StorageError(tmpdir(), problem, { cause: error })
}
