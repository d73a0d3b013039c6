import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** A page that was opened, and what went wrong in it. */
interface OpenedPage {
  readonly page: Page
  /** What the page and its console complained of. */
  readonly errors: readonly string[]
  /** What was loaded, besides the page itself. */
  readonly requests: readonly string[]
}

/** Opens a URL in a window of its own, and closes that after `work`. */
export async function withPage<Result>(
  browser: Browser,
  { url, ...options }: BrowserContextOptions & { url: string },
  work: (opened: OpenedPage) => Promise<Result>,
): Promise<Result> {
  const context = await browser.newContext(options)
  try {
    const page = await context.newPage()
    const errors: string[] = []
    const requests: string[] = []
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) errors.push(message.text())
    })
    page.on('pageerror', ({ message }) => errors.push(message))
    page.on('dialog', (dialog) => {
      errors.push(dialog.message())
      return dialog.dismiss()
    })
    context.on('request', (request) => {
      if (request.url() !== url) requests.push(request.url())
    })
    await page.goto(url, { waitUntil: 'load' })
    return await work({ page, errors, requests })
  } finally {
    await context.close()
  }
}
