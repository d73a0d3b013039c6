import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/**
 * A mark that tells a live process from a later one with the same id (its start time, where the system
 * shows it); undefined once it has ended.
 */
export async function markOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return isSignalable(pid) ? 'alive' : undefined
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The second field is the program's name in parentheses and may hold anything, also parentheses.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const [state, threads, startTime] = [fields[0], fields[17], fields[19]]
  // A zombie with other threads still holds its ports and locks.
  return !state || state === 'X' || (state === 'Z' && threads === '1') ? undefined : startTime
}

/** The command line of a live process; empty where it cannot be seen. */
export async function commandLineOf(pid: number): Promise<string> {
  if (!(await markOf(pid))) return ''
  if (process.platform === 'linux') {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return command.replaceAll('\0', ' ')
  }
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'command=', '-ww', '-p', String(pid)], (_failure, stdout) => {
      resolve(stdout)
    })
  })
}

/** Waits until a condition holds, looking at short intervals; false once the time is over. */
export async function waitUntil(
  condition: () => Promise<boolean>,
  { timeout, interval = 15 }: { timeout: number; interval?: number },
): Promise<boolean> {
  const end = Date.now() + timeout
  while (!(await condition())) {
    if (Date.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, interval))
  }
  return true
}

function isSignalable(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
