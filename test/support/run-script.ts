import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs a script of the repository in a new process, and returns what it printed to stdout. */
export async function runScript(path: string, parameters: readonly string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, ['--import', 'tsx', path, ...parameters])
  return stdout
}
