import { spawn, spawnSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { findMongod, type FindMongodOptions, type Mongod } from '../../src/engine/finding/mongod.ts'
import { compiled } from '../support/programs.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const hasWheel = process.platform === 'linux' && process.arch === 'x64'
const hasPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0

let real: Mongod
beforeAll(async () => {
  real = await findMongod()
})

// Finds no python3 and no mongod, and cannot download one, whatever the network.
async function makeSearch() {
  const path = await makeFolder()
  const cache = join(await makeFolder(), 'cache')
  const environment = { PATH: path, HOME: path, MONGOMS_DOWNLOAD_MIRROR: 'https://127.0.0.1:1' }
  return { path, search: { cache, environment } }
}

/** Starts a download site, and returns the environment that names it. */
async function serve(answer: RequestListener): Promise<NodeJS.ProcessEnv> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    MONGOMS_DOWNLOAD_URL: `http://127.0.0.1:${port}/mongodb-linux-x86_64-ubuntu2204-9.8.7.tgz`,
    MONGOMS_USE_HTTP: 'true',
    MONGOMS_MD5_CHECK: 'false',
  }
}

async function writeProgram(path: string, content: string | Buffer): Promise<void> {
  await writeFile(path, content)
  await chmod(path, 0o755)
}

// An archive like those of the download site, with a small script in place of mongod.
async function makeArchive(version: string): Promise<Buffer> {
  const folder = await makeFolder()
  await mkdir(join(folder, 'mongodb/bin'), { recursive: true })
  await writeProgram(join(folder, 'mongodb/bin/mongod'), `#!/bin/sh\necho "db version v${version}"`)
  spawnSync('tar', ['-czf', 'mongodb.tgz', 'mongodb'], { cwd: folder })
  return readFile(join(folder, 'mongodb.tgz'))
}

/** A project that offers its own mongod in each way that mongodb-memory-server, npm and Python know. */
async function makeHostileProject(settings: object = {}) {
  const { path: project, search } = await makeSearch()
  const program = '#!/bin/sh\necho "db version v6.6.6"'
  const bin = join(project, 'node_modules/.bin')
  await mkdir(bin, { recursive: true })
  await mkdir(join(project, 'below'))
  await Promise.all(
    [project, bin, join(project, 'below')].map((folder) =>
      writeProgram(join(folder, 'mongod'), program),
    ),
  )
  const downloads = ['node_modules/.cache/mongodb-memory-server', 'below/mongodb-binaries']
  for (const folder of downloads.map((name) => join(project, name))) {
    const file = join(folder, 'mongod-x86_64-ubuntu-9.8.7')
    await mkdir(folder, { recursive: true })
    // The library takes a smaller file, or one without this neighbor, for an unfinished download.
    await writeProgram(file, `${program}\nexit\n${'#'.repeat(2 ** 20)}`)
    await writeFile(`${file}.md5`, '')
  }
  const mongodbMemoryServer = { systemBinary: './mongod', md5Check: false, ...settings }
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({ config: { mongodbMemoryServer } }),
  )
  await writeFile(join(project, 'pip.py'), `open(${JSON.stringify(join(project, 'pip-ran'))}, 'w')`)
  const environment = { ...search.environment, INIT_CWD: project, PATH: await makeFolder() }
  return { project, search: { ...search, environment } }
}

/** Finds a mongod in a process that works in a folder. */
async function findIn(folder: string, options: FindMongodOptions): Promise<Mongod> {
  const program = `import(process.argv[1])
    .then(({ findMongod }) => findMongod(JSON.parse(process.argv[2])))
    .then((found) => console.log(JSON.stringify(found)))
    .catch(({ message }) => console.log(JSON.stringify(message)))`
  const library = compiled('src/engine/finding/mongod.ts')
  const child = spawn(process.execPath, ['-e', program, library, JSON.stringify(options)], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const result = JSON.parse(await text(child.stdout)) as Mongod | string
  if (typeof result === 'string') throw new Error(result)
  return result
}

/** The line of the error that says why a program with this content cannot be used. */
async function reasonFor(content: string | Buffer): Promise<string> {
  const { path, search } = await makeSearch()
  await writeProgram(join(path, 'mongod'), content)
  const error = await findMongod(search).catch((thrown: unknown) => thrown)
  return error instanceof Error ? (error.message.split('\n')[1] ?? '') : 'found'
}

describe('findMongod', () => {
  test('uses the mongod on PATH', async () => {
    const { path, search } = await makeSearch()
    await symlink(real.path, join(path, 'mongod'))
    const found = await findMongod(search)
    expect(found).toEqual({ path: join(path, 'mongod'), version: real.version, origin: 'PATH' })
  })

  test('takes an option that is undefined for one that is left out', async () => {
    const nothing = { environment: undefined, cache: undefined, onProgress: undefined }
    expect(await findMongod({ ...nothing, signal: undefined })).toEqual(real)
  })

  test('prefers MONGOMS_SYSTEM_BINARY to the mongod on PATH', async () => {
    const { path, search } = await makeSearch()
    await symlink(real.path, join(path, 'mongod'))
    const environment = { ...search.environment, MONGOMS_SYSTEM_BINARY: real.path }
    const found = await findMongod({ ...search, environment })
    expect(found).toMatchObject({ path: real.path, origin: 'MONGOMS_SYSTEM_BINARY' })
  })

  test('fails immediately when MONGOMS_SYSTEM_BINARY does not work', async () => {
    const { path, search } = await makeSearch()
    await symlink(real.path, join(path, 'mongod'))
    const environment = { ...search.environment, MONGOMS_SYSTEM_BINARY: '/nowhere/mongod' }
    await expect(findMongod({ ...search, environment })).rejects.toMatchObject({
      name: 'EngineError',
      message: expect.stringMatching(/^MONGOMS_SYSTEM_BINARY: .*ENOENT.*unset it/),
    })
  })

  test('uses the cached mongod when the one on PATH cannot run', async () => {
    const { path, search } = await makeSearch()
    await writeFile(join(path, 'mongod'), 'not executable')
    await mkdir(search.cache)
    await symlink(real.path, join(search.cache, 'mongod'))
    expect(await findMongod(search)).toMatchObject({ version: real.version, origin: 'cache' })
  })

  test('lists why each step failed and what to do, within 20 s', { timeout: 20_000 }, async () => {
    const { search } = await makeSearch()
    const failure = findMongod(search)
    await expect(failure).rejects.toMatchObject({ name: 'EngineError' })
    await expect(failure).rejects.toThrow(/mongod on PATH: not found/)
    await expect(failure).rejects.toThrow(/earlier run: not found in .*cache/)
    await expect(failure).rejects.toThrow(/download .*: the download failed: .*ECONNREFUSED/)
    await expect(failure).rejects.toThrow(
      /with pip: (python3 is not on PATH|its mongod is built for linux)/,
    )
    await expect(failure).rejects.toThrow(/MONGODB_URI[^]*MONGOMS_SYSTEM_BINARY=/)
    expect(await readdir(search.cache)).toEqual([])
  })

  test('says that it cannot write to the cache', async () => {
    const { path, search } = await makeSearch()
    await writeFile(join(path, 'file'), '')
    const failure = findMongod({ ...search, cache: join(path, 'file/cache') })
    await expect(failure).rejects.toMatchObject({ name: 'EngineError' })
    await expect(failure).rejects.toThrow(/download .*: the folder .*file\/cache cannot be used/)
  })

  describe.skipIf(process.platform !== 'linux')('refuses, with the system’s reason,', () => {
    test('a mongod whose shared library is missing', { timeout: 15_000 }, async () => {
      const program = await readFile(real.path)
      program[program.indexOf('libcurl.so.4') + 11] = '9'.charCodeAt(0)
      expect(await reasonFor(program)).toMatch(
        /does not run on this machine .*libcurl\.so\.9: cannot open .*a library may be missing$/,
      )
    })

    test('a program for another processor', async () => {
      const header = Buffer.alloc(64)
      header.write('\x7fELF\x02\x01\x01', 'latin1')
      header.writeUInt16LE(0xf3, 18)
      const reason = await reasonFor(header)
      expect(reason).toMatch(
        /does not run on this machine .*: '.+'\. .*another system or processor/,
      )
      expect(reason).not.toMatch(/\p{Cc}/u)
    })

    test('a damaged file', async () => {
      const program = (await readFile(real.path)).subarray(0, 4000)
      expect(await reasonFor(program)).toMatch(
        /does not run on this machine .*: 'ended by SIGSEGV'/,
      )
    })

    test('a program that is not mongod', async () => {
      expect(await reasonFor('#!/bin/sh\necho hello')).toMatch(/does not answer.*but with 'hello'/)
    })

    test('a mongod that it has no permission to execute', async () => {
      const { path, search } = await makeSearch()
      await writeFile(join(path, 'mongod'), '#!/bin/sh\n')
      await expect(findMongod(search)).rejects.toThrow(/mongod on PATH: .*chmod \+x/)
    })
  })

  test('downloads only once, then uses the cached mongod', async () => {
    const { search } = await makeSearch()
    const archive = await makeArchive('9.8.7')
    let downloads = 0
    const site = await serve((_request, response) => {
      downloads += 1
      response.writeHead(200, { 'content-length': archive.length }).end(archive)
    })
    const environment = { ...search.environment, ...site }
    const path = join(search.cache, 'mongod')
    const first = await findMongod({ ...search, environment })
    expect(first).toEqual({ path, version: '9.8.7', origin: 'download' })
    const second = await findMongod({ ...search, environment })
    expect(second).toEqual({ path, version: '9.8.7', origin: 'cache' })
    expect(downloads).toBe(1)
    expect(await readdir(search.cache)).toEqual(['mongod'])
  })

  test('copies a download that is kept in another folder', async () => {
    const { path, search } = await makeSearch()
    const archive = await makeArchive('9.8.7')
    const site = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': archive.length }).end(archive)
    })
    const elsewhere = { MONGOMS_DOWNLOAD_DIR: join(path, 'downloads') }
    const environment = { ...search.environment, ...site, ...elsewhere }
    expect(await findMongod({ ...search, environment })).toMatchObject({ origin: 'download' })
    expect(await readdir(search.cache)).toEqual(['mongod'])
    expect(await readdir(elsewhere.MONGOMS_DOWNLOAD_DIR)).toContainEqual(
      expect.stringMatching(/^mongod.*9\.8\.7$/),
    )
  })

  test('does not use an unfinished download, and removes it when it is old', async () => {
    const { search } = await makeSearch()
    const archive = await makeArchive('9.8.7')
    const progress = new EventEmitter()
    const halfSent = once(progress, 'half sent')
    const site = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': archive.length })
      response.write(archive.subarray(0, archive.length / 2), () => progress.emit('half sent'))
    })
    const options = { ...search, environment: { ...search.environment, ...site } }
    const program = `import(process.argv[1]).then(({ findMongod }) => findMongod(JSON.parse(process.argv[2])))`
    const library = compiled('src/engine/finding/mongod.ts')
    const child = spawn(process.execPath, ['-e', program, library, JSON.stringify(options)], {
      stdio: 'ignore',
    })
    await halfSent
    child.kill('SIGKILL')
    await once(child, 'exit')
    const [left] = await readdir(search.cache)
    expect(left).toMatch(/^installing-/)
    await expect(findMongod(search)).rejects.toThrow(/earlier run: not found/)
    expect(await readdir(search.cache)).toEqual([left])
    const longAgo = new Date(Date.now() - 7_200_000)
    await utimes(join(search.cache, left!), longAgo, longAgo)
    await expect(findMongod(search)).rejects.toThrow(/earlier run: not found/)
    expect(await readdir(search.cache)).toEqual([])
  })

  describe('lets a project choose nothing:', () => {
    test.each([
      { where: 'its package.json names', settings: {} },
      { where: 'its folders hold', settings: { systemBinary: undefined } },
    ])('uses no mongod that $where', async ({ settings }) => {
      const { project, search } = await makeHostileProject(settings)
      const archive = await makeArchive('9.8.7')
      const site = await serve((_request, response) => {
        response.writeHead(200, { 'content-length': archive.length }).end(archive)
      })
      const environment = { ...search.environment, ...site }
      expect(await findIn(join(project, 'below'), { ...search, environment })).toMatchObject({
        version: '9.8.7',
      })
    })

    test('downloads from no site that its package.json names', async () => {
      const { project, search } = await makeHostileProject({
        systemBinary: undefined,
        downloadUrl: 'https://127.0.0.1:2/mongodb-linux-x86_64-ubuntu2204-6.6.6.tgz',
      })
      const failure = findIn(project, search)
      await expect(failure).rejects.toThrow(/the download failed: .*ECONNREFUSED 127\.0\.0\.1:1/)
    })

    test('uses no mongod on PATH that npm or a relative folder put there', async () => {
      const { project, search } = await makeHostileProject()
      const path = ['.', 'below', join(project, 'node_modules/.bin')].join(delimiter)
      const environment = { ...search.environment, PATH: path }
      await expect(findIn(project, { ...search, environment })).rejects.toThrow(
        /mongod on PATH: not found/,
      )
    })

    test.skipIf(!hasWheel || !hasPip)(
      'runs none of its files in place of pip',
      { timeout: 90_000 },
      async () => {
        const { project, search } = await makeHostileProject()
        const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'])
        const bin = await makeFolder()
        await symlink(python.stdout.toString().trim(), join(bin, 'python3'))
        // The right pip finds no wheel without an index.
        const noIndex = { PATH: bin, PIP_NO_INDEX: '1' }
        const environment = { ...process.env, ...search.environment, ...noIndex }
        await expect(findIn(project, { ...search, environment })).rejects.toThrow(
          /pip failed: No matching distribution found/,
        )
        expect(existsSync(join(project, 'pip-ran'))).toBe(false)
      },
    )
  })

  test('refuses a download that does not have the published MD5', async () => {
    const { search } = await makeSearch()
    const archive = await makeArchive('9.8.7')
    const site = await serve(({ url }, response) => {
      const body = url?.endsWith('.md5') ? `${'0'.repeat(32)}  mongodb.tgz` : archive
      response.writeHead(200, { 'content-length': body.length }).end(body)
    })
    const environment = { ...search.environment, ...site, MONGOMS_MD5_CHECK: undefined }
    const failure = findMongod({ ...search, environment })
    await expect(failure).rejects.toThrow(/the download failed: MD5 check failed/i)
    expect(await readdir(search.cache)).toEqual([])
  })

  test.skipIf(!hasWheel || !hasPip)(
    'installs the wheel with pip, also twice at the same time',
    { timeout: 90_000 },
    async () => {
      const { search } = await makeSearch()
      const environment = {
        ...process.env,
        MONGOMS_DOWNLOAD_MIRROR: 'https://127.0.0.1:1',
        PATH: '',
      }
      const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'])
      await mkdir(join(search.cache, '../bin'))
      await symlink(python.stdout.toString().trim(), join(search.cache, '../bin/python3'))
      environment.PATH = join(search.cache, '../bin')
      const both = await Promise.all([
        findMongod({ ...search, environment }),
        findMongod({ ...search, environment }),
      ])
      const path = join(search.cache, 'mongod')
      const found = { path, version: '6.0.5', origin: 'wheel' }
      expect(both).toEqual([found, found])
      expect(await readdir(search.cache)).toEqual(['mongod'])
      expect(await findMongod(search)).toMatchObject({ path, origin: 'cache' })
    },
  )
})
