import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { RejectsFile } from '../../src/replay/rejects.ts'

/** Exits while a file of rejects is written to a folder. */
const [folder = ''] = process.argv.slice(2)
const format = { head: '', separator: '', tail: '', empty: 'no rejects', write: () => '' }
void new RejectsFile(join(folder, 'rejects.csv'), format).save()
while (!readdirSync(folder).some((name) => name.endsWith('.tmp'))) await setImmediate()
process.stdout.write('a temporary file exists\n')
process.exit(130)
