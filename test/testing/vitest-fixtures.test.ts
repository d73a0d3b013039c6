import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

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

const allPassed = { success: true, numTotalTests: 15, numPassedTests: 15 }

describe('the vitest fixtures', () => {
  test('give each file its own database, and each test an empty one', async () => {
    expect(await runProject([], { KIT_SETUP: 'yes' })).toMatchObject(allPassed)
  })

  test('do both when files share a worker and its modules, without a global set-up', async () => {
    const oneWorker = ['--no-isolate', '--maxWorkers=1']
    expect(await runProject(oneWorker, {})).toMatchObject(allPassed)
  })
})
