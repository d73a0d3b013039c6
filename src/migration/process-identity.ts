import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { startTimeOf } from '../engine/processes.ts'

/** What identifies a process, so that another process can tell later whether it has ended. */
export interface ProcessIdentity {
  readonly host: string
  readonly pid: number
  /** Where the process id is valid. Missing if the system does not show it. */
  readonly pidNamespace?: string
  /** Tells the process from a later one with the same id. */
  readonly startTime: string
}

export async function thisProcess(): Promise<ProcessIdentity> {
  const pidNamespace = await currentPidNamespace()
  return {
    host: hostname(),
    pid: process.pid,
    ...(pidNamespace !== undefined && { pidNamespace }),
    startTime: (await startTimeOf(process.pid)) ?? '',
  }
}

/**
 * Whether a process has certainly ended. False if it ran on another machine or in another container: its id
 * cannot be checked here.
 */
export async function hasEnded(other: ProcessIdentity): Promise<boolean> {
  if (other.pidNamespace === undefined) return false
  const own = await thisProcess()
  return (
    other.host === own.host &&
    other.pidNamespace === own.pidNamespace &&
    (await startTimeOf(other.pid)) !== other.startTime
  )
}

/**
 * The current run of the kernel, and the container's namespace of process ids in it. The host's name does not
 * identify a machine: cloned machines and containers may share one.
 */
async function currentPidNamespace(): Promise<string | undefined> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    return `${boot.trim()} ${await readlink('/proc/self/ns/pid')}`
  } catch {
    return undefined
  }
}
