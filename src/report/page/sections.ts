import type { Part } from './html.ts'

/** What a page shows: its title, a line about it, and what comes under them. */
export interface Sections {
  readonly title: string
  readonly about: Part
  readonly content: readonly Part[]
}
