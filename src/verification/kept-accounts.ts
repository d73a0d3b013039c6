import { countOf, named } from '../messages.ts'
import type { AccountRange } from './account-range.ts'
import type { StoredAccount } from './account-reader.ts'
import type { AccountState } from './kept-state/account-state.ts'
import { isAfter, type StateFile } from './kept-state/state-file.ts'
import { showUnits } from './units.ts'
import type { ViolationLog } from './violations.ts'

/**
 * What a kept state is used for: to prove only what came after it, or to prove that nothing before it was changed.
 */
export type KeptMode = 'since' | 'against'

/**
 * Adds the kept states of their accounts to ranges, which come in the order of the ids, as a kept state has them.
 * Reports the accounts that are no longer there, and openings that were changed.
 * @param after the ranges start after this id
 */
export async function* withKeptStates(
  ranges: AsyncIterable<AccountRange>,
  { state, mode, after }: { state: StateFile; mode: KeptMode; after: string | undefined },
): AsyncGenerator<AccountRange, void, undefined> {
  const blocks = state.accounts()
  let kept: readonly AccountState[] = []
  let next = 0
  const head = async (): Promise<AccountState | undefined> => {
    while (next === kept.length) {
      const { done, value } = await blocks.next()
      if (done) return undefined
      kept = value
      next = 0
    }
    return kept[next]
  }
  let one: AccountState | undefined
  try {
    if (after !== undefined) while ((one = await head()) && !isAfter(one.id, after)) next += 1
    for await (const range of ranges) {
      const accounts = new Map(range.accounts.map((account) => [account.id, account]))
      const states = new Map<string, AccountState>()
      while ((one = await head()) && (range.upTo === undefined || !isAfter(one.id, range.upTo))) {
        next += 1
        const account = accounts.get(one.id)
        const isSame = isUnchanged(account, { kept: one, log: range.log })
        // What is reported already is not proven wrong a second time.
        if (account && (isSame || mode === 'since')) states.set(one.id, one)
      }
      yield { ...range, kept: states }
    }
  } finally {
    // Closes the file.
    await blocks.return()
  }
}

/** Whether an account is as its kept state says, as far as its record shows that. Logs the differences. */
function isUnchanged(
  account: StoredAccount | undefined,
  { kept, log }: { kept: AccountState; log: ViolationLog },
): boolean {
  const { id, transfers } = kept
  const problems = account
    ? differences(account, kept)
    : [`does not exist, but the kept state has it with ${countOf(transfers, 'transfer')}`]
  for (const problem of problems) {
    const message = `account ${named(id)} ${problem}`
    log.add({ kind: 'changed', collection: 'accounts', id, message })
  }
  return problems.length === 0
}

/** What is damaged in the account is undefined, and reported with its record. */
function differences(
  { currency, openingBalance, createdAt, transferCount }: StoredAccount,
  kept: AccountState,
): string[] {
  const problems: string[] = []
  if (currency !== undefined && currency !== kept.currency) {
    problems.push(`is in ${currency}, but in ${kept.currency} in the kept state`)
  } else if (openingBalance !== undefined && openingBalance !== kept.openingBalance) {
    const [found, right] = [openingBalance, kept.openingBalance].map((units) =>
      showUnits(units, kept.currency),
    )
    problems.push(`has the openingBalance ${found}, but ${right} in the kept state`)
  }
  if (createdAt !== undefined && createdAt !== kept.openedAt) {
    const [found, right] = [createdAt, kept.openedAt].map(showTime)
    problems.push(`has the createdAt ${found}, but ${right} in the kept state`)
  }
  if (transferCount !== undefined && transferCount < kept.transfers) {
    problems.push(
      `has ${countOf(transferCount, 'transfer')}, but ${kept.transfers} in the kept state`,
    )
  }
  return problems
}

function showTime(milliseconds: number): string {
  const time = new Date(milliseconds)
  return Number.isNaN(time.getTime()) ? `${milliseconds} ms` : time.toISOString()
}
