/**
 * Measures how the posting rate depends on the round-trip time, on the accounts and chunks, and on other replayers:
 * `npm run scaling -- --rounds 3 --parts series,chunks,replayers --json FILE --picture FILE.svg`.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { runComparison } from '../comparison-run.ts'
import type { Comparison, Results } from '../comparison.ts'
import { startServer } from '../server.ts'
import { chunkComparison, chunkPointsOf } from './chunks.ts'
import { type Delay, startDelay } from './delay.ts'
import { replayerPointsOf, replayersComparison } from './replayers.ts'
import { ratePicture } from './picture.ts'
import { type SeriesPoint, seriesComparison, seriesOf, seriesPointsOf } from './series.ts'
import { chunkTable, replayerTable, seriesTable } from './tables.ts'

/** How much later each reply comes, in milliseconds. */
const DELAYS = [0, 1, 5, 20, 50]

const { values: options } = parseArgs({
  options: {
    parts: { type: 'string', default: 'series,chunks,replayers' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    lines: { type: 'string', default: '50000' },
    json: { type: 'string' },
    picture: { type: 'string' },
  },
})
const parts = options.parts.split(',')
const seconds = Number(options.seconds)
const lines = Number(options.lines)

const print = (text: string) => void process.stdout.write(`${text}\n\n`)
const log = (text: string) => void process.stderr.write(`${text}\n`)
const interruption = new AbortController()
process.once('SIGINT', () => interruption.abort())

const server = await startServer(undefined, log)
const delays: Delay[] = []
try {
  const series = parts.includes('series') ? await measureSeries() : undefined
  const chunks = parts.includes('chunks')
    ? chunkPointsOf(await compare(chunkComparison))
    : undefined
  if (chunks) print(chunkTable(chunks))
  const replayers = parts.includes('replayers')
    ? replayerPointsOf(await compare(replayersComparison(lines)))
    : undefined
  if (replayers) print(replayerTable(replayers))
  if (options.picture && series) await writeFile(options.picture, ratePicture(series))
  if (options.json) {
    await writeFile(options.json, JSON.stringify({ series, chunks, replayers }, undefined, 2))
  }
} finally {
  for (const delay of delays) await delay.close()
  await server.close()
}

async function measureSeries(): Promise<SeriesPoint[]> {
  for (const delay of DELAYS) delays.push(await startDelay(server.uri, delay))
  const all: SeriesPoint[] = []
  for (const each of seriesOf({ seconds, lines })) {
    const points = seriesPointsOf(each, delays, await compare(seriesComparison(each, delays)))
    print(seriesTable(points))
    all.push(...points)
  }
  return all
}

async function compare(comparison: Comparison): Promise<Results> {
  return await runComparison(comparison, {
    uri: server.uri,
    transfers: undefined,
    rounds: Number(options.rounds),
    signal: interruption.signal,
    log,
  })
}
