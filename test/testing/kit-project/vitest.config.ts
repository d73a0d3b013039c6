import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** A project that is tested with the kit. test/testing/vitest-fixtures.test.ts runs it in two ways. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { tsconfigPaths: true },
  test: {
    include: ['*.spec.ts'],
    globalSetup: process.env['KIT_SETUP'] ? ['../../../src/testing/vitest-setup.ts'] : [],
    maxWorkers: 2,
    // Other tests may be using the machine.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
  },
})
