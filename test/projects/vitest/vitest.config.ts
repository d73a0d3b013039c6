import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { globalSetup: ['daybook/testing/vitest-setup'] } })
