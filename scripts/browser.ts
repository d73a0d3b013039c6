import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/**
 * Starts the Chromium of this machine, for tests and pictures: the one at CHROMIUM, or that of the distribution, or else an
 * installed Chrome. For root, which cannot have a sandbox, it is without one.
 */
export const startBrowser = (): Promise<Browser> => {
  const found = process.env['CHROMIUM'] ?? CHROMIUMS.find((path) => existsSync(path))
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({
    args,
    ...(found === undefined ? { channel: 'chrome' } : { executablePath: found }),
  })
}

const CHROMIUMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser']
