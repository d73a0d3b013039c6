import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/replica-set.ts'],
    // By default one on two cores, though most tests wait for mongod.
    maxWorkers: 3,
    // Every file has a database and a connection of its own; Mongoose is loaded once a worker.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
