import type { Case } from './figures.ts'
import {
  mongooseContestant,
  nodeContestant,
  statementContestant,
  transferCommandContestant,
  versionContestant,
} from './starts.ts'
import { processorTimeOf, ratio } from './statistics.ts'

/** The case of commands that do next to nothing, so that nearly all of their time is their start. */
export const startCases = {
  starts: () => [
    {
      contestants: [
        nodeContestant('node -e 0'),
        mongooseContestant('mongoose'),
        versionContestant('daybook --version'),
        transferCommandContestant('daybook transfer'),
        statementContestant('daybook statement'),
      ],
      figures: (results) =>
        (
          [
            ['daybook --version', 'node -e 0', 3],
            ['daybook transfer', 'mongoose', 2],
            ['daybook statement', 'mongoose', 2],
          ] as const
        ).map(([of, against, atMost]) => ({
          what: `${of} / ${against}: processor time`,
          value: ratio(results, { of, against, by: processorTimeOf }),
          atMost,
        })),
    },
  ],
} as const satisfies Record<string, Case>
