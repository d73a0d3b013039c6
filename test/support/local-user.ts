// A command that uses the local database of a folder until its stdin ends: opened, it prints the URI.
import { openLocalDatabase } from '../../src/engine/local/local-database.ts'

const database = await openLocalDatabase({ folder: process.argv[2]! })
process.stdout.write(`${database.uri}\n`)
process.stdin.resume().on('end', () => void database.close())
