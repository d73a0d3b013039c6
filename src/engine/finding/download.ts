import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import type { OnProgress } from '../progress.ts'

// In milliseconds: until the download starts, and from one report of its progress to the next.
const longestSilence = 12_000
const longestStall = 70_000

// mongodb-memory-server writes its progress to stdout and cannot be canceled, so it runs in a child process. The
// child prints the path on a separate line.
const script = `
  const [library, downloadDir] = process.argv.slice(1)
  require(library).MongoBinary.getPath({ downloadDir }).then(
    (path) => process.stdout.write('\\nFOUND ' + path + '\\n'),
    (error) => {
      process.stderr.write('\\nFAILED ' + String(error.message).split('\\n').pop() + '\\n')
      process.exitCode = 1
    },
  )`

/**
 * The library takes settings, the path of a mongod among them, from the nearest package.json with this key at or above
 * its working folder. This one lies in the folder that the child works in, and keeps it from a project's settings.
 */
const ownSettings = { config: { mongodbMemoryServer: { md5Check: 'true' } } }

interface Download {
  environment: NodeJS.ProcessEnv
  onProgress: OnProgress
  signal?: AbortSignal | undefined
}

/**
 * Downloads a mongod into an empty folder with mongodb-memory-server, and returns its path. Only the environment
 * decides what is downloaded and from where. The archive must have the MD5 that is published next to it.
 */
export async function downloadMongod(
  folder: string,
  { environment, onProgress, signal }: Download,
): Promise<string> {
  await writeFile(join(folder, 'package.json'), JSON.stringify(ownSettings))
  const library = createRequire(import.meta.url).resolve('mongodb-memory-server-core')
  const child = spawn(process.execPath, ['-e', script, library, folder], {
    cwd: folder,
    env: {
      // Retries would only take time.
      MONGOMS_MAX_RETRIES: '1',
      ...environment,
      // By default the library does not check certificates, and npm sets this variable from a project's .npmrc.
      npm_config_strict_ssl: 'true',
      // npm sets it to the project's folder, where the library would also search for a mongod.
      INIT_CWD: folder,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
    signal,
  })
  return new Promise((resolve, reject) => {
    let output = ''
    let hasStarted = false
    const stop = (): void => {
      child.kill('SIGKILL')
      reject(
        new EngineError(hasStarted ? 'the download stalled' : 'the download site does not answer'),
      )
    }
    let timer = setTimeout(stop, longestSilence)
    const listen = (chunk: Buffer): void => {
      const text = chunk.toString()
      output += text
      const progress = /Downloading MongoDB [^\r\n]*/.exec(text)?.[0]
      if (!progress) return
      hasStarted = true
      clearTimeout(timer)
      timer = setTimeout(stop, longestStall)
      onProgress(progress)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.on('error', (error) => reject(new EngineError(error.message, { cause: error })))
    child.on('close', () => {
      clearTimeout(timer)
      const path = /^FOUND (.*)$/m.exec(output)?.[1]
      if (path) return resolve(path)
      const failure = /^FAILED (.*)$/m.exec(output)?.[1] ?? output.trim()
      reject(new EngineError(`the download failed: ${failure}`))
    })
  })
}
