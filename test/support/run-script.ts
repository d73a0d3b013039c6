import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { compiled } from './programs.ts'

const execute = promisify(execFile)

/** Runs a program of the repository in a new process, and returns what it printed to stdout. */
export async function runScript(path: string, parameters: readonly string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, [compiled(path), ...parameters])
  return stdout
}
