import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { EngineError } from '../../errors.ts'
import type { OnProgress } from '../errors.ts'

const longestSilence = 12_000
const longestStall = 70_000

// mongodb-memory-server writes its progress to stdout and has no way to be stopped: a process of its
// own keeps both in hand. The path comes back on a line of its own.
const script = `
  const [library, downloadDir] = process.argv.slice(1)
  require(library).MongoBinary.getPath({ downloadDir }).then(
    (path) => process.stdout.write('\\nFOUND ' + path + '\\n'),
    (error) => {
      process.stderr.write('\\nFAILED ' + String(error.message).split('\\n').pop() + '\\n')
      process.exitCode = 1
    },
  )`

/** Downloads a mongod into a folder by mongodb-memory-server and returns its path. */
export function downloadMongod(
  folder: string,
  environment: NodeJS.ProcessEnv,
  onProgress: OnProgress,
): Promise<string> {
  const library = createRequire(import.meta.url).resolve('mongodb-memory-server-core')
  const child = spawn(process.execPath, ['-e', script, library, folder], {
    env: {
      // Its retries would only cost time, and by default it does not check certificates.
      MONGOMS_MAX_RETRIES: '1',
      npm_config_strict_ssl: 'true',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new Promise((resolve, reject) => {
    let output = ''
    let hasBegun = false
    const giveUp = (): void => {
      child.kill('SIGKILL')
      reject(new EngineError(hasBegun ? 'the download stalled' : 'the download site is silent'))
    }
    let watch = setTimeout(giveUp, longestSilence)
    const listen = (chunk: Buffer): void => {
      const text = chunk.toString()
      output += text
      const progress = /Downloading MongoDB [^\r\n]*/.exec(text)?.[0]
      if (!progress) return
      hasBegun = true
      clearTimeout(watch)
      watch = setTimeout(giveUp, longestStall)
      onProgress(progress)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.on('error', (error) => reject(new EngineError(error.message, { cause: error })))
    child.on('close', () => {
      clearTimeout(watch)
      const path = /^FOUND (.*)$/m.exec(output)?.[1]
      if (path) return resolve(path)
      const failure = /^FAILED (.*)$/m.exec(output)?.[1] ?? output.trim()
      reject(new EngineError(`the download failed: ${failure}`))
    })
  })
}
