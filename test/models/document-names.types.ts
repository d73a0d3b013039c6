/**
 * What compiles only if documents are interfaces, whose names editors show wherever one is read. Only `tsc` checks this
 * file: nothing runs it.
 */
import type * as daybook from '../../src/index.ts'

declare module '../../src/models/account-interface.ts' {
  interface AccountDocument {}
}
declare module '../../src/models/transfer.ts' {
  interface TransferDocument {}
}
declare module '../../src/models/batch.ts' {
  interface BatchDocument {}
}

export type Documents = daybook.AccountDocument | daybook.TransferDocument | daybook.BatchDocument
