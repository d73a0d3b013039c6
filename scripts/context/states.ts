import { paint } from './paint.ts'

/** The states of records, migrations and checks that are not just as a person wants them. */
const PAINTS: Readonly<Record<string, keyof typeof paint>> = {
  ok: 'good',
  finished: 'good',
  applied: 'good',
  pending: 'warning',
  frozen: 'warning',
  running: 'warning',
  interrupted: 'warning',
  warning: 'warning',
  changed: 'bad',
  failed: 'bad',
  missing: 'bad',
  problem: 'bad',
  refused: 'bad',
  closed: 'faint',
  released: 'faint',
  expired: 'faint',
}

/** A state in the colour of what it means. `state` decides if the text says more than that. */
export function paintedState(text: string, state: string = text): string {
  const meaning = PAINTS[state]
  return meaning === undefined ? text : paint[meaning](text)
}
