import { MAX_RECORD_BYTES } from '../../source/raw-record.ts'
import type { Source } from '../../source/source.ts'
import { ValueScanner } from './json-scanner.ts'

/**
 * Whether a file that starts with an object has one object a line, or objects that go over several lines or share
 * one. In a file of lines a broken line is refused alone.
 */
export async function layoutOfObjects(source: Source): Promise<'lines' | 'objects'> {
  let text = ''
  for await (const block of source.bytes()) {
    text += block.toString('latin1')
    const end = new ValueScanner().end(text, text.indexOf('{'))
    const rest = end === undefined ? undefined : /\S/.exec(text.slice(end))
    if (end !== undefined && rest) {
      const object = text.slice(text.indexOf('{'), end)
      const between = text.slice(end, end + rest.index)
      if (object.includes('\n')) return isJson(object) ? 'objects' : 'lines'
      return rest[0] === '{' && !between.includes('\n') ? 'objects' : 'lines'
    }
    if (text.length > MAX_RECORD_BYTES) return 'lines'
  }
  const object = text.slice(text.indexOf('{')).trim()
  return object.includes('\n') && isJson(object) ? 'objects' : 'lines'
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
