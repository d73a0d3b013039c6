import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Examples and tests of the kit import 'daybook' as a stranger does: here that is `src/`.
  resolve: { tsconfigPaths: true },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['src/testing/vitest-setup.ts'],
    // By default one on two cores, though most tests wait for mongod.
    maxWorkers: 3,
    // Every file has a database and a connection of its own; Mongoose is loaded once a worker.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
