import type { LedgerRequest } from '../../ledger/ledger-request.ts'

/** A record of a batch: the transfer or the action on a hold that it asks for, the problem that keeps it from being read, or why it is skipped. */
export interface Row {
  /** Its number among the records of the file, from 1. */
  readonly position: number
  readonly line: number
  /** 1, or its number among the records that start on the same line. */
  readonly item: number
  /** The record as read. */
  readonly text: string
  readonly request?: LedgerRequest | undefined
  /** What it asks for beyond the first request. Only a transform makes such rows. */
  readonly moreRequests?: readonly LedgerRequest[] | undefined
  readonly problem?: string | undefined
  /** Why the record asks for no transfer. It is consumed and counted, and nothing else. */
  readonly skipped?: string | undefined
  /** The id that was made for a record without one. The ids of further requests of the record start with it. */
  readonly madeId?: string | undefined
  /** Whether that id is made of the content of the record. */
  readonly isIdOfContent?: boolean | undefined
}

/** The requests of a row, in order. */
export const requestsOfRow = ({ request, moreRequests = [] }: Row): readonly LedgerRequest[] =>
  request ? [request, ...moreRequests] : []
