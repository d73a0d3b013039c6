import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/**
 * The start time of a live process as an opaque text, which distinguishes it from a later process with the same
 * id. 'alive' for every live process on systems other than Linux; undefined once the process has ended.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return isSignalable(pid) ? 'alive' : undefined
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The second field is the program's name in parentheses. It may hold anything, parentheses included.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const [state, threads, startTime] = [fields[0], fields[17], fields[19]]
  // A zombie that has other threads still holds its ports and locks.
  return !state || state === 'X' || (state === 'Z' && threads === '1') ? undefined : startTime
}

/** The command line of a live process; empty if it cannot be read. */
export async function commandLineOf(pid: number): Promise<string> {
  if (!(await startTimeOf(pid))) return ''
  if (process.platform === 'linux') {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return command.replaceAll('\0', ' ')
  }
  return new Promise((resolve) => {
    execFile('/bin/ps', ['-o', 'command=', '-ww', '-p', String(pid)], (_failure, stdout) => {
      resolve(stdout)
    })
  })
}

function isSignalable(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
