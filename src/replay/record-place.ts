/** Where a record starts. */
export interface RecordPlace {
  readonly line: number
  /** 1, or its number among the records that start on the same line. Only objects of JSON share lines. Default: 1. */
  readonly item?: number | undefined
}

/** Where a record starts, for a column of lines: `3`, or `1, object 4` if it is not the first one on its line. */
export const lineCell = ({ line, item = 1 }: RecordPlace): string =>
  item === 1 ? String(line) : `${line}, object ${item}`

/** Where a record starts, for messages: `line 3`, or `line 1, object 4`. */
export const recordPlace = (place: RecordPlace): string => `line ${lineCell(place)}`
