import { SingleBar } from 'cli-progress'
import type { Context } from './command.ts'

export interface Progress {
  /** Shows how much is done, of which total if it is known by now, and any detail. */
  readonly update: (done: number, total?: number, detail?: string) => void
  /** Ends the display. A second call does nothing. */
  readonly stop: () => void
}

export interface ProgressOptions {
  /** What is counted, such as `transfers`. */
  readonly unit: string
  /** Milliseconds on a clock that never goes back. */
  readonly clock?: (() => number) | undefined
}

/**
 * Shows how much of the work is done, with its rate and the time left: as a bar on a terminal, as a line
 * every few seconds elsewhere, and not at all with `--quiet`.
 */
export function startProgress(
  { progress: stream }: Pick<Context, 'progress'>,
  { unit, clock = () => performance.now() }: ProgressOptions,
): Progress {
  if (!stream) return { update: () => undefined, stop: () => undefined }
  const display = stream.isTTY ? bar(stream) : lines(stream, clock)
  let first: { done: number; at: number } | undefined
  return {
    update(done, total, detail = '') {
      // The first count includes what an earlier run did, which is not part of this run's rate.
      first ??= { done, at: clock() }
      const seconds = (clock() - first.at) / 1000
      const rate = seconds > 0 ? (done - first.done) / seconds : 0
      const count = total === undefined ? `${done} ${unit}` : `${done} of ${total} ${unit}`
      const speed = rate > 0 ? `${Math.round(rate)} a second` : ''
      const hasTimeLeft = rate > 0 && total !== undefined && done < total
      const left = hasTimeLeft ? `${duration((total - done) / rate)} left` : ''
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
  /** Shows the first text that fits, and the share that is done, from 0 to 1, if it is known. */
  show(texts: readonly string[], share: number | undefined): void
  stop(): void
}

const BAR_WIDTH = 24

function bar(stream: NodeJS.WriteStream): Display {
  const single = new SingleBar({
    stream,
    format: '{text}',
    hideCursor: true,
    clearOnComplete: true,
    // The command handles the interruption: it finishes what is in flight, then stops the bar.
    gracefulExit: false,
  })
  single.start(1, 0, { text: '' })
  return {
    show(texts, share) {
      const full = Math.floor(BAR_WIDTH * Math.min(share ?? 0, 1))
      const cells = share === undefined ? '' : `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} `
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

/** How often a line is written to a log: often enough to show that the work goes on, and no more. */
const LINE_EVERY_MS = 5_000

function lines(stream: NodeJS.WriteStream, clock: () => number): Display {
  let lastLineAt = clock()
  return {
    show([text = '']) {
      if (clock() - lastLineAt < LINE_EVERY_MS) return
      lastLineAt = clock()
      stream.write(`${text}\n`)
    },
    stop: () => undefined,
  }
}

const twoDigits = (value: number): string => String(value).padStart(2, '0')

/** A duration for a person to read: `45 s`, `2 min 05 s`, `1 h 10 min`. */
function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${twoDigits(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${twoDigits(Math.floor((whole % 3600) / 60))} min`
}
