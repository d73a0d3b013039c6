/** A file as the `read` of a transform gets it. It can be read from its start more than once. */
export interface TextFile {
  /** The path as given, or `standard input`. */
  readonly name: string
  /** Its lines with their numbers from 1, without line ends. Empty lines are left out. */
  readonly lines: () => AsyncIterable<{ readonly line: number; readonly text: string }>
  /** Its text in pieces of any length, for a format whose records do not follow its lines. */
  readonly text: () => AsyncIterable<string>
}

/** A record that `read` finds: plain data as JSON has it. */
export interface FoundRecord {
  readonly record: object
  /** The line on which it starts. Default: its number among the records. */
  readonly line?: number | undefined
}

/** Finds the records of a file that is neither CSV nor JSON, in its order. */
export type ReadFunction = (file: TextFile) => AsyncIterable<FoundRecord> | Iterable<FoundRecord>
