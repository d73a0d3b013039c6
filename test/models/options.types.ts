/**
 * What callers may pass as options, under `exactOptionalPropertyTypes`. Only `tsc` checks this file: nothing runs it.
 */
import type {
  AccountDocument,
  AccountModel,
  BalancesOptions,
  CallOptions,
  CaptureRequest,
  ExchangeRequest,
  ExplainOptions,
  ExportOptions,
  ExportRange,
  GenerateOptions,
  GroupRequest,
  HoldModel,
  HoldRequest,
  LedgerDefinition,
  MigrationOptions,
  MigrationRange,
  OpeningRequest,
  ReadingOptions,
  ReplayOptions,
  ReportOptions,
  ReversalOptions,
  SeedOptions,
  StatementOptions,
  TransferModel,
  TransferRequest,
  VerifyOptions,
  openDatabase,
} from '../../src/index.ts'
import type { openTestDatabase, startReplicaSet, TestDatabase } from '../../src/testing/index.ts'

/** The optional keys of a type that must be left out rather than be undefined. */
type MustBeLeftOut<Type> = [Type] extends [never]
  ? 'no type'
  : Type extends unknown
    ? {
        [Key in keyof Type]-?: object extends Pick<Type, Key>
          ? Record<Key, undefined> extends Pick<Type, Key>
            ? never
            : Key
          : never
      }[keyof Type]
    : never

/** Compiles only if each optional key of a type can be undefined: a caller passes on what it was given itself. */
declare function takesUndefined<Type>(
  ...not: MustBeLeftOut<Type> extends never ? [] : [MustBeLeftOut<Type>]
): void

type Argument<Call, Index extends number> = NonNullable<
  Call extends (...parameters: infer Parameters) => unknown ? Parameters[Index] : never
>

// @ts-expect-error the check itself fails for a key that must be left out
takesUndefined<{ one?: string | undefined; other?: string }>()
takesUndefined<Argument<AccountModel['open'], 1>>()
takesUndefined<Argument<AccountModel['transfer'], 1>>()
takesUndefined<Argument<AccountModel['hold'], 1>>()
takesUndefined<Argument<AccountModel['transferMany'], 1>>()
takesUndefined<Argument<AccountModel['transferGroup'], 1>>()
takesUndefined<Argument<AccountModel['exchange'], 1>>()
takesUndefined<Argument<AccountModel['close'], 1>>()
takesUndefined<Argument<AccountModel['freeze'], 1>>()
takesUndefined<Argument<AccountModel['setOverdraftLimit'], 2>>()
takesUndefined<Argument<AccountDocument['balanceAt'], 1>>()
takesUndefined<Argument<AccountDocument['statementEntries'], 0>>()
takesUndefined<Argument<TransferModel['reverse'], 1>>()
takesUndefined<Argument<TransferModel['reverseGroup'], 1>>()
takesUndefined<Argument<HoldModel['capture'], 1>>()
takesUndefined<Argument<HoldModel['release'], 1>>()
takesUndefined<Argument<HoldModel['expire'], 0>>()
takesUndefined<Argument<typeof openDatabase, 0>>()
takesUndefined<Argument<typeof openTestDatabase, 0>>()
takesUndefined<Argument<typeof startReplicaSet, 0>>()
takesUndefined<Argument<TestDatabase['ledger'], 0>>()
takesUndefined<Argument<TestDatabase['failNext'], 1>>()
takesUndefined<BalancesOptions>()
takesUndefined<CallOptions>()
takesUndefined<CaptureRequest>()
takesUndefined<ExchangeRequest>()
takesUndefined<ExplainOptions>()
takesUndefined<ExportOptions>()
takesUndefined<ExportRange>()
takesUndefined<GenerateOptions>()
takesUndefined<GroupRequest>()
takesUndefined<HoldRequest>()
takesUndefined<LedgerDefinition>()
takesUndefined<MigrationOptions>()
takesUndefined<MigrationRange>()
takesUndefined<OpeningRequest>()
takesUndefined<ReadingOptions>()
takesUndefined<ReplayOptions>()
takesUndefined<ReportOptions>()
takesUndefined<ReversalOptions>()
takesUndefined<SeedOptions>()
takesUndefined<StatementOptions>()
takesUndefined<TransferRequest>()
takesUndefined<VerifyOptions>()
