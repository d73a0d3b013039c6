import { openLocalDatabase } from '../../src/internal.ts'
import { type Command, Exit } from '../context/command.ts'

export const serveCommand: Command<object> = {
  examples: [
    ['serve', 'print the URI for mongosh or Compass, and wait for Ctrl-C'],
    ['serve --folder /tmp/books', 'with its data in another folder'],
  ],
  unused: ['uri', 'ledger'],
  builder: (yargs) => yargs,
  async run({ folder }, context) {
    const database = await openLocalDatabase({
      folder,
      onProgress: context.log,
      signal: context.signal,
    })
    try {
      context.print(database.uri)
      context.log('the database is running; Ctrl-C stops it and keeps its data')
      await database.stayOpen(context.signal)
      return Exit.done
    } finally {
      await database.close()
    }
  },
}
