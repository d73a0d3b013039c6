// A process that opens the local database of a folder, prints its URI, and closes it when its stdin ends.
import { openLocalDatabase } from '../../src/engine/local/local-database.ts'

const database = await openLocalDatabase({ folder: process.argv[2]! })
process.stdout.write(`${database.uri}\n`)
process.stdin.resume().on('end', () => void database.close())
