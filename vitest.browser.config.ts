import { defineConfig } from 'vitest/config'

/** Tests that need a browser: `npm run test:browser`. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['src/testing/vitest-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
