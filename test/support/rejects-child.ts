import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { RejectsFile } from '../../src/replay/rejects.ts'
import { encodingOf } from '../../src/replay/source/encoding.ts'

/** Exits while a file of rejects is written to a folder. */
const [folder = ''] = process.argv.slice(2)
const format = { head: '', separator: '', tail: '', empty: 'no rejects', write: () => '' }
const encoding = encodingOf(Buffer.alloc(0), { file: 'f', encoding: undefined })
void new RejectsFile(join(folder, 'rejects.csv'), format, encoding).save()
while (!readdirSync(folder).some((name) => name.endsWith('.tmp'))) await setImmediate()
process.stdout.write('a temporary file exists\n')
process.exit(130)
