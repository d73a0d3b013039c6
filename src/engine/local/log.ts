import { readFile } from 'node:fs/promises'

interface LogLine {
  s?: string
  id?: number
  msg?: string
  attr?: { error?: unknown; message?: unknown; reason?: unknown }
}

// "DBException in initAndListen" and "Error setting up listener": what ended the start, in one text.
const conclusions = new Set([20557, 20568])

/** Why a mongod could not start, in one sentence, from what it wrote to its log. */
export async function reasonInLog(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const lines = text.split('\n').filter((line) => line.trim())
  const errors = lines.map(parse).filter(({ s }) => s === 'E' || s === 'F')
  const error = errors.findLast(({ id }) => conclusions.has(id ?? 0)) ?? errors[0]
  const reason = error ? describe(error) : (lines.findLast((line) => !line.startsWith('{')) ?? '')
  if (/version|UPGRADE PROBLEM/.test(reason)) {
    return `${reason} (the data were written by another version of MongoDB: use that one, by MONGOMS_SYSTEM_BINARY, or move the folder away)`
  }
  return reason || 'it wrote no reason to its log (is the disk full?)'
}

function parse(line: string): LogLine {
  try {
    const parsed: LogLine = JSON.parse(line)
    return parsed
  } catch {
    return {}
  }
}

function describe({ msg, attr }: LogLine): string {
  const detail = [attr?.error, attr?.message, attr?.reason].map(textOf).find(Boolean)
  return [msg, detail].filter(Boolean).join(': ')
}

function textOf(detail: unknown): string {
  if (typeof detail === 'string') return detail
  const { errmsg, msg } = (detail ?? {}) as { errmsg?: string; msg?: string }
  return errmsg ?? msg ?? ''
}
