import { groupIdProblem } from '../../ledger/group-request.ts'
import { quote } from '../../messages.ts'

/** Why a value cannot be the name of a group, as a sentence. Two names that look the same must be the same. */
export function groupProblem(group: unknown): string | undefined {
  const expected = groupIdProblem(group)
  return expected === undefined ? undefined : `group ${quote(group)} is not ${expected}`
}
