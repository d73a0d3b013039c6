import { closeSync, createReadStream, openSync, utimesSync, writeSync } from 'node:fs'
import { chmod, open, stat, writeFile } from 'node:fs/promises'
import { PassThrough, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { replay } from '../../src/replay/replay.ts'
import {
  booksOf,
  hardBatch,
  makeFifo,
  makeFile,
  openAccounts,
  replayingOn,
} from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

const HEAD = 'id,from,to,amount\n'
const FIRST = gzipSync(`${HEAD}T1,A0,A1,1\n`)
const SECOND = gzipSync('T2,A0,A1,1\n')

/** Extends a gzip member to a length with a comment in its header. */
function padded(member: Buffer, length: number): Buffer {
  const comment = Buffer.alloc(length - member.length, 'x')
  comment[comment.length - 1] = 0
  const header = Buffer.from(member.subarray(0, 10))
  header[3] = 0b1_0000
  return Buffer.concat([header, comment, member.subarray(10)])
}

describe('gzip data', () => {
  test.each([
    ['NULs', Buffer.concat([FIRST, Buffer.alloc(1_000)])],
    ['NULs at the end of a block', Buffer.concat([padded(FIRST, 256 * 1024), Buffer.alloc(9)])],
    ['nothing', FIRST],
  ])('can be followed by %s', async (_, content) => {
    expect((await replayed(content, { file: 'batch.csv.gz' })).posted).toEqual(['T1 A0 A1 1'])
  })

  test.each([
    ['another member', Buffer.concat([FIRST, Buffer.alloc(8), SECOND])],
    [
      'another member at the end of a block',
      Buffer.concat([padded(FIRST, 256 * 1024), Buffer.alloc(8), SECOND]),
    ],
    [
      'another member some blocks later',
      Buffer.concat([FIRST, Buffer.alloc(1_000_000), SECOND, Buffer.alloc(5)]),
    ],
    ['text', Buffer.concat([FIRST, Buffer.from('\0\0T2,A0,A1,1\n')])],
  ])('with %s after NULs is refused, because it would not be read', async (_, content) => {
    await expect(replayed(content, { file: 'batch.csv.gz' })).rejects.toThrow(
      /batch.csv.gz": the gzip data ends at byte \d+, but more data follows after NUL bytes/,
    )
    expect((await booksOf(connection)).transfers).toEqual([])
  })
})

describe('a file that changes while it is read', () => {
  /** Changes the content of a file but not its size and its time of modification. */
  function overwrite(file: string, text: string, { atime, mtime }: { atime: Date; mtime: Date }) {
    const handle = openSync(file, 'r+')
    writeSync(handle, text, HEAD.length)
    closeSync(handle)
    utimesSync(file, atime, mtime)
  }

  test('is not posted any further, even if its size and time stay the same', async () => {
    await openAccounts(Account, { count: 20, openingBalance: '100' })
    const file = await makeFile('batch.csv', hardBatch(20_000, 20))
    // Only a time in whole milliseconds can be set back exactly.
    utimesSync(file, 1_700_000_000, 1_700_000_000)
    const times = await stat(file)
    let isDone = false

    await expect(
      replay(connection, {
        file,
        onProgress({ phase }) {
          if (phase === 'posting' && !isDone) overwrite(file, 'X', times)
          isDone ||= phase === 'posting'
        },
      }),
    ).rejects.toThrow(/the file was changed while it was being read/)
  })

  test('is posted if only its permissions change', async () => {
    await openAccounts(Account, { count: 20, openingBalance: '100' })
    const file = await makeFile('batch.csv', hardBatch(5_000, 20))

    const summary = await replay(connection, {
      file,
      onProgress: () => void chmod(file, 0o600),
    })

    expect(summary.read).toBe(5_000)
  })

  test.each([
    [
      'has no ids',
      'from,to,amount',
      /remove the lines that are already posted, because without ids they/,
    ],
    [
      'has ids',
      'id,from,to,amount',
      /replay the file under another name \(--as NAME\): lines whose ids are already/,
    ],
  ])('is an error with advice when it %s', async (_, head, advice) => {
    await openAccounts(Account, { count: 2, openingBalance: '10000' })
    const ids = head.startsWith('id')
    const rows = Array.from({ length: 5_000 }, (_row, index) => `${ids ? `T${index},` : ''}A0,A1,1`)
    const content = `${head}\n${rows.join('\n')}\n`
    const file = await makeFile('batch.csv', content)

    await expect(
      replay(connection, {
        file,
        onProgress({ phase }) {
          if (phase === 'posting') void writeFile(file, `${content}A0,A1,1\n`)
        },
      }),
    ).rejects.toThrow(advice)
    await writeFile(file, `${content}${content.split('\n').at(-2)}\n`)
    await expect(replay(connection, { file })).rejects.toThrow(advice)
  })
})

describe('what can be read only once', () => {
  const isAborted = { name: 'AbortError' }

  test('is not waited for after an interruption', async () => {
    const interruption = new AbortController()
    const stdin = new PassThrough()

    const replaying = replay(connection, { file: '-', stdin, signal: interruption.signal })
    interruption.abort()

    await expect(replaying).rejects.toMatchObject(isAborted)
  })

  test('is not waited for after an interruption in the middle of the data', async () => {
    const interruption = new AbortController()
    let isRead = false
    const stdin = new Readable({
      read() {
        if (isRead) interruption.abort()
        else this.push(HEAD)
        isRead = true
      },
    })

    await expect(
      replay(connection, { file: '-', stdin, signal: interruption.signal }),
    ).rejects.toMatchObject(isAborted)
  })

  test.each([{ isWritten: true }, { isWritten: false }])(
    'is not waited for after an interruption when it is a FIFO with %j',
    async ({ isWritten }) => {
      const fifo = await makeFifo()
      const interruption = new AbortController()

      const replaying = replay(connection, { file: fifo, signal: interruption.signal })
      const writer = isWritten ? await open(fifo, 'w') : undefined
      await writer?.write(HEAD)
      interruption.abort()

      await expect(replaying).rejects.toMatchObject(isAborted)
      await writer?.close()
    },
  )

  test('can be a FIFO', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const fifo = await makeFifo()

    const replaying = replay(connection, { file: fifo })
    await writeFile(fifo, `${HEAD}T1,A0,A1,1\n`)

    expect(await replaying).toMatchObject({ name: 'fifo', posted: 1 })
  })

  const endless = (piece: Buffer, read: { bytes: number }) =>
    Readable.from(
      (function* () {
        for (; read.bytes < 2 ** 28; read.bytes += piece.length) yield piece
      })(),
    )

  test.each([
    ['has no line end', Buffer.alloc(100_000, 'x'), /line 1: the line is longer than 1048576/],
    ['contains only NULs', Buffer.alloc(100_000), /line 1: the line is longer than 1048576/],
    ['is not text', Buffer.from('a\0b\n'.repeat(1_000)), /line 1: column 2 is a NUL/],
    [
      'seems to be in UTF-16',
      Buffer.from('id\n'.repeat(9), 'utf16le'),
      /line 1: the file seems to be in UTF-16/,
    ],
  ])('is not read to its end when it %s', async (_, piece, message) => {
    const read = { bytes: 0 }

    await expect(replay(connection, { file: '-', stdin: endless(piece, read) })).rejects.toThrow(
      message,
    )
    expect(read.bytes).toBeLessThan(2 ** 22)
  })

  test('can be one long line if it is a JSON array, gzipped or not', async () => {
    const row = JSON.stringify({ from: 'A0', to: 'A1', amount: 1, note: 'x'.repeat(500) })
    const array = `  [${Array.from({ length: 3_000 }, () => row).join(',')}]`
    await openAccounts(Account, { count: 2, openingBalance: '10000' })

    for (const content of [Buffer.from(array), gzipSync(array)]) {
      const stdin = Readable.from([content.subarray(0, 5), content.subarray(5)])
      const summary = await replay(connection, { file: '-', stdin, name: `${content.length}` })
      expect(summary.posted).toBe(3_000)
    }
  })

  test.skipIf(process.platform !== 'linux')('is not read forever when it is a device', async () => {
    await expect(replay(connection, { file: '/dev/zero' })).rejects.toThrow(
      /"\/dev\/zero", line 1: the line is longer/,
    )
  })

  test('is never replaced by its rejects', async () => {
    const file = await makeFile('batch.csv', `${HEAD}T1,A0,A1,1\n`)

    await expect(
      replay(connection, { file: '-', stdin: createReadStream(file), rejects: file }),
    ).rejects.toThrow(/the rejects would replace the file that is replayed/)
  })
})

test.skipIf(process.platform !== 'linux')('an error while reading names the file', async () => {
  await expect(replay(connection, { file: '/proc/self/mem' })).rejects.toThrow(
    /^"\/proc\/self\/mem": the file cannot be read: EIO/,
  )
})
