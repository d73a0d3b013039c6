import { join } from 'node:path'
import { inject } from 'vitest'

/** The path of a program as this run has compiled it, such as `scripts/cli.js` for `scripts/cli.ts`. */
export const compiled = (source: string): string =>
  join(inject('programs'), source.replace(/\.ts$/, '.js'))
