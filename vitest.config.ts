import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Examples and the kit's tests import 'daybook', as a user does. Here that leads to `src/`.
  resolve: { tsconfigPaths: true },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: ['test/projects/**', 'test/browser/**'],
    globalSetup: ['src/testing/vitest-setup.ts', 'test/support/compile-programs.ts'],
    // On two cores the default is one worker, but tests often wait for mongod.
    maxWorkers: 3,
    // Every file has its own database and connection, so files can share a worker and load Mongoose only once.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
