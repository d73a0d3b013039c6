import { SingleBar } from 'cli-progress'
import type { Context } from '../context/command.ts'

/** The display of a work in progress. */
export interface Progress {
  /** How much is done, of how much where that is known by now, and what else there is to say. */
  readonly update: (done: number, total?: number, detail?: string) => void
  /** Ends it. A second time does nothing. */
  readonly stop: () => void
}

export interface ProgressOptions {
  /** What is counted, such as `transfers`. */
  readonly unit: string
  readonly total?: number | undefined
  /** Milliseconds that only ever rise. */
  readonly clock?: (() => number) | undefined
}

/**
 * Shows how far a work is, with its rate and the time left: a bar on a terminal, off it a line now and
 * then, and nothing under `--quiet`.
 */
export function startProgress(
  { progress: stream }: Pick<Context, 'progress'>,
  { unit, total: known, clock = () => performance.now() }: ProgressOptions,
): Progress {
  if (!stream) return { update: () => undefined, stop: () => undefined }
  const display = stream.isTTY ? bar(stream) : lines(stream, clock)
  let first: { done: number; at: number } | undefined
  return {
    update(done, total = known, detail = '') {
      // What an earlier run did is in the first count, and must not swell the rate of this one.
      first ??= { done, at: clock() }
      const seconds = (clock() - first.at) / 1000
      const rate = seconds > 0 ? (done - first.done) / seconds : 0
      const count = total === undefined ? `${done} ${unit}` : `${done} of ${total} ${unit}`
      const speed = rate > 0 ? `${Math.round(rate)} a second` : ''
      const isTimed = rate > 0 && total !== undefined && done < total
      const left = isTimed ? `${duration((total - done) / rate)} left` : ''
      const texts = [[count, detail, speed, left], [count, speed, left], [count, left], [count]]
      display.show(
        texts.map((parts) => parts.filter((part) => part !== '').join(', ')),
        total === undefined || total === 0 ? undefined : done / total,
      )
    },
    stop: () => {
      display.stop()
    },
  }
}

interface Display {
  /** Shows the first of some texts that there is room for, and the share that is done where it is known. */
  show(texts: readonly string[], share: number | undefined): void
  stop(): void
}

const CELLS = 24

function bar(stream: NodeJS.WriteStream): Display {
  const single = new SingleBar({
    stream,
    format: '{text}',
    hideCursor: true,
    clearOnComplete: true,
    // An interruption is the command's: it finishes what is in flight, then stops this.
    gracefulExit: false,
  })
  single.start(1, 0, { text: '' })
  return {
    show(texts, share) {
      const full = Math.floor(CELLS * Math.min(share ?? 0, 1))
      const cells = share === undefined ? '' : `${'█'.repeat(full)}${'░'.repeat(CELLS - full)} `
      const columns = stream.columns ?? Infinity
      const whole = cells + (texts[0] ?? '')
      const text = [whole, ...texts].find(({ length }) => length <= columns) ?? texts.at(-1)
      single.update(Math.min(share ?? 0, 1), { text })
    },
    stop: () => {
      single.stop()
    },
  }
}

/** Off a terminal a line is written this often: a log stays readable, and shows that the work lives. */
const LINE_EVERY_MS = 5_000

function lines(stream: NodeJS.WriteStream, clock: () => number): Display {
  let wroteAt = clock()
  return {
    show([text = '']) {
      if (clock() - wroteAt < LINE_EVERY_MS) return
      wroteAt = clock()
      stream.write(`${text}\n`)
    },
    stop: () => undefined,
  }
}

const two = (value: number): string => String(value).padStart(2, '0')

/** Seconds for a person: `45 s`, `2 min 05 s`, `1 h 10 min`. */
function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
}
