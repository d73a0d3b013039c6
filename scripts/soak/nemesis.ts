import { setTimeout } from 'node:timers/promises'
import { waitUntil } from '../../src/internal.ts'
import type { Clients } from './clients.ts'
import { APP_NAME } from './connection.ts'
import type { Member, Members } from './members.ts'
import type { Proxy } from './proxy.ts'
import type { Fault, FaultKind } from './schedule.ts'

/** What the nemesis works on. */
export interface Battlefield {
  readonly members: Members
  readonly proxies: readonly Proxy[]
  readonly clients: Clients
}

/** Faults that the servers' failpoint makes for commits. Only the last two happen after the commit. */
const COMMIT_FAILURES: readonly object[] = [
  { closeConnection: true },
  { errorCode: 91 },
  { errorCode: 11_602, errorLabels: ['RetryableWriteError'] },
  { errorCode: 112, errorLabels: ['TransientTransactionError'] },
  { errorCode: 8, errorLabels: [] },
  { errorCode: 50, errorLabels: [] },
  { blockConnection: true, blockTimeMS: 700 },
  { writeConcernError: { code: 91, errmsg: 'the soak shuts down' } },
  { writeConcernError: { code: 64, errmsg: 'the soak timed out', errInfo: { wtimeout: true } } },
]

const WRITE_FAILURES: readonly object[] = [
  { closeConnection: true },
  { errorCode: 91 },
  { errorCode: 112, errorLabels: ['TransientTransactionError'] },
  { errorCode: 11_602 },
  { blockConnection: true, blockTimeMS: 700 },
]

/** Which commands fail, in turn, when writes fail. */
const WRITES = ['find', 'insert', 'update', 'findAndModify', 'abortTransaction']

/** Makes the faults of a schedule happen. Returns how often each kind did. */
export async function runNemesis(
  faults: readonly Fault[],
  field: Battlefield,
  { signal, log }: { signal: AbortSignal; log: (text: string) => void },
): Promise<Map<FaultKind, number>> {
  const counts = new Map<FaultKind, number>()
  const start = performance.now()
  for (const fault of faults) {
    const pause = fault.at - (performance.now() - start)
    if (pause > 0) await setTimeout(pause, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) break
    if (await strike(fault, field)) {
      counts.set(fault.kind, (counts.get(fault.kind) ?? 0) + 1)
      log(`${(fault.at / 1_000).toFixed(1)} s: ${fault.kind}, ${fault.lasts} ms`)
    }
  }
  return counts
}

/** Makes one fault happen and end. Returns false if there was no primary to harm. */
async function strike(
  { kind, lasts, choice }: Fault,
  { members, proxies, clients }: Battlefield,
): Promise<boolean> {
  if (kind === 'kill client') {
    await clients.kill(choice)
    return true
  }
  if (kind === 'cut connections') {
    for (const proxy of proxies) proxy.cut()
    return true
  }
  if (kind === 'hold bytes' || kind === 'lose replies' || kind === 'late commits') {
    const mode = kind === 'hold bytes' ? 'hold' : kind
    for (const proxy of proxies) proxy.setMode(mode, { delay: 100 + choice * 4_000 })
    await setTimeout(lasts)
    for (const proxy of proxies) proxy.setMode('forward')
    return true
  }
  const primary = await members.primary()
  if (!primary) return false
  const secondaries = members.all.filter((member) => member !== primary && member.isRunning)
  const secondary = secondaries[Math.floor(choice * secondaries.length)] ?? primary
  switch (kind) {
    case 'kill primary':
    case 'kill secondary': {
      const member = kind === 'kill primary' ? primary : secondary
      await member.kill()
      await setTimeout(lasts)
      await member.start()
      break
    }
    case 'pause primary':
    case 'pause secondary': {
      const member = kind === 'pause primary' ? primary : secondary
      member.pause()
      await setTimeout(lasts)
      member.resume()
      break
    }
    case 'kill waiting primary':
      for (const member of secondaries) member.pause()
      await setTimeout(lasts)
      await primary.kill()
      for (const member of secondaries) member.resume()
      await setTimeout(choice * 3_000)
      await primary.start()
      break
    case 'roll back':
      await Promise.all(secondaries.map((member) => member.kill()))
      await setTimeout(lasts)
      await primary.kill()
      for (const member of secondaries) await member.start()
      // Before they have elected another, it could become primary again and keep what it has.
      await waitUntil(async () => (await members.primary()) !== undefined, { timeout: 30_000 })
      await primary.start()
      break
    case 'step down':
      await primary
        .withClient((client) => client.db('admin').command({ replSetStepDown: 2, force: true }))
        .catch(() => undefined)
      break
    case 'fail commits':
      await failCommands(primary, ['commitTransaction'], failureAt(COMMIT_FAILURES, choice), lasts)
      break
    case 'fail writes':
      await failCommands(primary, WRITES, failureAt(WRITE_FAILURES, choice), lasts)
      break
  }
  return true
}

const failureAt = (failures: readonly object[], choice: number): object =>
  failures[Math.floor(choice * failures.length)] ?? {}

/** Fails every third of a member's commands of the clients, for some time. */
async function failCommands(
  member: Member,
  commands: readonly string[],
  failure: object,
  lasts: number,
): Promise<void> {
  const set = (failpoint: object) =>
    member
      .withClient((client) =>
        client.db('admin').command({ configureFailPoint: 'failCommand', ...failpoint }),
      )
      .catch(() => undefined)
  await set({
    mode: { activationProbability: 0.35 },
    data: { failCommands: commands, appName: APP_NAME, ...failure },
  })
  await setTimeout(lasts)
  await set({ mode: 'off' })
}
