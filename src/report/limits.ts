/** The most that a report shows of each kind. It counts everything, and says what it leaves out. */
export const LIMITS = {
  /** The first refused lines of each code. */
  linesPerCode: 5,
  /** The accounts of each currency that moved most. */
  accountsPerCurrency: 10,
  /** The currencies with tables and charts of their own: those with most transfers. */
  currencies: 8,
  /** The bars of a chart, and the rows of its table. */
  periods: 62,
  /** The points of a balance curve. */
  points: 120,
  /** The latest entries of a statement. */
  entries: 100,
  /** The latest active holds of an account. */
  holds: 50,
  /** The latest batches. */
  batches: 50,
  /** The first violations of books that do not balance. */
  violations: 20,
} as const

/** The most bytes of a page. The limits keep every page well below it, and a test holds it. */
export const LARGEST_PAGE = 2_000_000
