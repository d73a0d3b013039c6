import { openLocalDatabase } from '../../src/internal.ts'
import { type Command, Exit } from '../context/command.ts'

export const serveCommand: Command<object> = {
  command: 'serve',
  describe:
    'keep the local database running, for mongosh, Compass and other commands, until Ctrl-C',
  builder: (yargs) => yargs,
  async run({ folder }, context) {
    const database = await openLocalDatabase({ folder, onProgress: context.log })
    try {
      context.print(database.uri)
      context.log('running; Ctrl-C stops it and keeps the data')
      await database.stayOpen(context.signal)
      return Exit.done
    } finally {
      await database.close()
    }
  },
}
