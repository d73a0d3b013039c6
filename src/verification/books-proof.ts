import { oddHolds } from './hold-proof.ts'
import { accountRanges, oddAccounts } from './account-range.ts'
import type { KeptNumbers } from './kept-numbers.ts'
import type { Findings, FindingsSum } from './findings.ts'
import { withKeptStates } from './kept-accounts.ts'
import type { UnfinishedRun } from './kept-state/unfinished-run.ts'
import { type ProofContext, checkOddTransfers, proveRange } from './range-proof.ts'

/** How many ranges of accounts are proven at the same time. */
const RANGES_AT_ONCE = 3

/**
 * Proves all accounts and transfers, some ranges at a time, and adds what it finds to a sum in the order of the ranges.
 * With a `run`, it goes on where that run has come to, and writes down there what it has proven.
 */
export async function proveBooks(
  context: ProofContext,
  {
    sum,
    numbers,
    run,
  }: { sum: FindingsSum; numbers?: KeptNumbers | undefined; run?: UnfinishedRun | undefined },
): Promise<void> {
  const { books, limit, kept } = context
  const running: { upTo: string | undefined; findings: Promise<Findings> }[] = []
  const addNext = async () => {
    const { upTo, findings } = running.shift() as (typeof running)[number]
    const found = await findings
    await run?.addRange(upTo, found)
    sum.add(found)
    await numbers?.add(found.counterparts)
  }
  try {
    if (!run?.isComplete) {
      const after = run?.after
      const accounts = accountRanges(books, { limit, after })
      const ranges = kept ? withKeptStates(accounts, { ...kept, after }) : accounts
      for await (const range of ranges) {
        if (running.length === RANGES_AT_ONCE) await addNext()
        const findings = proveRange(range, context)
        // A failure is thrown when its turn comes.
        findings.catch(() => undefined)
        running.push({ upTo: range.upTo, findings })
      }
      while (running.length > 0) await addNext()
    }
  } finally {
    await Promise.allSettled(running.map(({ findings }) => findings))
  }
  await numbers?.check()
  sum.add(await checkOddTransfers(context))
  sum.log.append(await oddAccounts(books, { limit }))
  sum.log.append(await oddHolds(books, { limit }))
}
