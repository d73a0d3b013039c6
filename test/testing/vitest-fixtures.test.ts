import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, test } from 'vitest'

interface Report {
  readonly success: boolean
  readonly numTotalTests: number
  readonly numPassedTests: number
}

/** Runs the tests of the kit's project in a new process. */
async function runProject(parameters: readonly string[], environment: NodeJS.ProcessEnv) {
  const command = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', ...parameters]
  const config = ['--config', 'test/testing/kit-project/vitest.config.ts']
  const run = promisify(execFile)(process.execPath, [...command, ...config], {
    env: { ...process.env, ...environment },
  })
  const { stdout } = await run.catch((failed: { stdout: string }) => failed)
  return JSON.parse(stdout) as Report
}

const all = { success: true, numTotalTests: 15, numPassedTests: 15 }

// Concurrent because each test starts vitest and waits for it.
describe.concurrent('the vitest fixtures', () => {
  test('give each file its own database, and each test an empty one', async ({ expect }) => {
    expect(await runProject([], { KIT_SETUP: 'yes' })).toMatchObject(all)
  })

  test('do so when files share a worker and its modules, without a global set-up', async ({
    expect,
  }) => {
    expect(await runProject(['--no-isolate'], {})).toMatchObject(all)
  })
})
