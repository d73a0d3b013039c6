import type { ReadingOptions } from './reading-options.ts'
import { isRole } from './roles.ts'
import { columnsInTemplate } from './values/templates.ts'

/** The columns that the options name. A name in `idFrom` may be a role's, and then it is left out. */
export const columnsNamedBy = ({
  map = {},
  set = {},
  fields = {},
  keep = false,
  where = {},
  idFrom = [],
}: ReadingOptions): readonly string[] => [
  ...Object.values(map).filter((name) => typeof name === 'string'),
  ...Object.values(set).flatMap((text) => (text === undefined ? [] : columnsInTemplate(text))),
  ...Object.values(fields).flatMap((text) => (text ? columnsInTemplate(text) : [])),
  ...(typeof keep === 'boolean' ? [] : keep),
  ...Object.keys(where),
  ...idFrom.filter((name) => !isRole(name)),
]
