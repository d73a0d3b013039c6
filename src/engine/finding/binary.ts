import { execFile } from 'node:child_process'
import { access, constants, open, stat } from 'node:fs/promises'
import { EngineError } from '../../errors.ts'
import { reasonOf } from '../../messages.ts'

// The field e_machine of an ELF header, by the name that Node gives the processor.
const processorOfMachine = new Map([
  [0x03, 'ia32'],
  [0x15, 'ppc64'],
  [0x16, 's390x'],
  [0x28, 'arm'],
  [0x3e, 'x64'],
  [0xb7, 'arm64'],
  [0xf3, 'riscv64'],
])

/** The version of the mongod at a path, such as '6.0.5'; an EngineError says why it cannot run. */
export async function readVersion(path: string): Promise<string> {
  await requireProgram(path)
  const { output, failure } = await run(path)
  const version = /db version v(\d+\.\d+\.\d+)/.exec(output)?.[1]
  if (version && !failure) return version
  throw new EngineError(`${path} cannot be used: ${diagnose(output, failure)}`, { cause: failure })
}

async function requireProgram(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw new EngineError(`${path} cannot be used: ${reasonOf(error)}`, { cause: error })
  })
  if (!found.isFile()) throw new EngineError(`${path} cannot be used: it is not a file`)
  await access(path, constants.X_OK).catch((error: unknown) => {
    const remedy = `no permission to execute it; allow it with: chmod +x '${path}'`
    throw new EngineError(`${path} cannot be used: ${remedy}`, { cause: error })
  })
  const processor = await processorOf(path)
  if (processor && processor !== process.arch) {
    throw new EngineError(
      `${path} cannot be used: it is built for a ${processor} processor, this machine is ${process.arch}`,
    )
  }
}

// A program for another processor may be handed to /bin/sh by the system, which then complains about
// its text; so the header is read rather than the complaint.
async function processorOf(path: string): Promise<string | undefined> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0)
    if (bytesRead < 20 || buffer.readUInt32BE(0) !== 0x7f454c46) return undefined
    const machine = buffer[5] === 2 ? buffer.readUInt16BE(18) : buffer.readUInt16LE(18)
    return processorOfMachine.get(machine) ?? `different (0x${machine.toString(16)})`
  } finally {
    await file.close()
  }
}

interface Run {
  output: string
  failure: (Error & { code?: unknown; signal?: unknown }) | null
}

function run(path: string): Promise<Run> {
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: 10_000 }, (failure, stdout, stderr) => {
      resolve({ output: `${stdout}\n${stderr}`, failure })
    })
  })
}

function diagnose(output: string, failure: Run['failure']): string {
  const library = /error while loading shared libraries: ([^:\s]+)/.exec(output)?.[1]
  if (library) {
    const remedy = `install it (on Debian and Ubuntu: apt-get install ${packageOf(library)})`
    return `the shared library ${library} is missing; ${remedy}`
  }
  const symbol = /version [`'](GLIBC\w*_[\d.]+)' not found/.exec(output)?.[1]
  if (symbol) return `it needs a newer system: ${symbol} is not here`
  if (failure?.signal === 'SIGILL') {
    return 'the processor lacks an instruction it needs (MongoDB 5.0 and later need AVX on x64)'
  }
  if (failure?.code === 'ENOENT') return 'its loader is missing: it is built for another C library'
  if (failure?.code === 'ENOEXEC' || /exec format error/i.test(output)) {
    return `it is no program for this machine (${process.platform} ${process.arch})`
  }
  const said = output.trim().split('\n')[0]
  return `it does not answer --version as a mongod does${said ? `, but with: ${said}` : ''}`
}

// Debian names a library's package after its file: libcurl.so.4 is in libcurl4, libsasl2.so.2 in libsasl2-2.
function packageOf(library: string): string {
  const [, name = library, version = ''] = /^(.*)\.so\.([\d.]+)$/.exec(library) ?? []
  if (name === 'libcrypto') return `libssl${version}`
  return `${name.replaceAll('_', '-')}${/\d$/.test(name) ? '-' : ''}${version}`
}
