import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs a script of the repository in a process of its own, and gives what it printed. */
export async function runScript(path: string, parameters: readonly string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, ['--import', 'tsx', path, ...parameters])
  return stdout
}
