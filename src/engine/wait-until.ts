/**
 * Checks a condition until it holds, and returns true; returns false if it does not hold within `timeout`.
 * Both times are in milliseconds; the next check comes `interval` (15 by default) after the one before has ended.
 */
export async function waitUntil(
  condition: () => Promise<boolean>,
  { timeout, interval = 15 }: { timeout: number; interval?: number },
): Promise<boolean> {
  const end = Date.now() + timeout
  while (!(await condition())) {
    if (Date.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, interval))
  }
  return true
}
