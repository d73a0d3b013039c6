import { fileURLToPath } from 'node:url'
import { BatchConflictError, InputError, accountModel, seed, verify } from '../../src/index.ts'
import { countOf, named } from '../../src/internal.ts'
import { type Command, DEFAULT_FOLDER, Exit } from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { bringUpToDate } from '../context/own-migrations.ts'
import { paint } from '../context/paint.ts'
import { wrapText } from '../context/wrapping.ts'
import { replayWithProgress } from './replay/progress.ts'
import { renderSummary } from './replay/summary.ts'
import { renderStatement } from './statement.ts'
import { describeVerification } from './verify.ts'

const transfersFile = fileURLToPath(new URL('../../seeds/transfers.csv', import.meta.url))

/** The sender in the notebook's example. */
const SENDER = 'MDB574189300'

/** So few that the summary stays in sight. */
const ENTRIES_SHOWN = 5

/** The demo's transfers may change with a new version. */
function explainOtherDemo(error: unknown): never {
  if (!(error instanceof BatchConflictError)) throw error
  throw new InputError(
    'the database has the transfers of another version’s demo. To empty it, run daybook seed --reset; to keep it, choose another folder with --folder',
    { cause: error },
  )
}

export const demoCommand: Command<object> = {
  examples: [
    ['demo', 'in .daybook in this folder'],
    ['demo --folder /tmp/demo', 'in another folder'],
  ],
  builder: (yargs) => yargs,
  run: (options, context) =>
    withDatabase(options, context, async (database) => {
      const { connection } = database
      await bringUpToDate(database, context)
      const place = options.folder === DEFAULT_FOLDER ? '' : ` --folder ${named(options.folder)}`
      const seeded = await seed(connection, { accounts: 980 })
      context.log(`seeded ${countOf(seeded.added, 'account')}, ${seeded.existing} already existed`)
      const summary = await replayWithProgress(
        connection,
        { file: transfersFile, signal: context.signal },
        context,
      ).catch(explainOtherDemo)
      const verification = await verify(connection)
      const account = await accountModel(connection).findById(SENDER).orFail()
      context.print(
        [
          renderSummary(summary, context.columns),
          wrapText(describeVerification(verification), context.columns),
          renderStatement(account, await account.statement({ limit: ENTRIES_SHOWN }), {
            columns: context.columns,
          }),
          wrapText(
            paint.faint(
              `all ${account.transferCount} entries: daybook statement ${SENDER}${place}. Each refusal with its reason: daybook batches ${summary.name}${place}`,
            ),
            context.columns,
          ),
        ].join('\n\n'),
      )
      if (summary.status === 'interrupted') return Exit.interrupted
      return verification.violation === undefined ? Exit.done : Exit.failure
    }),
}
