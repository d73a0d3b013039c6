/**
 * A number of minor units (a currency's smallest unit, such as a cent) as text with the currency's decimals:
 * 12345 with `scale` 2 as `123.45`.
 */
export function formatMinorUnits(minorUnits: number, scale: number): string {
  const digits = String(Math.abs(minorUnits)).padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const text = scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`
  return minorUnits < 0 ? `-${text}` : text
}

/**
 * Text with exactly the currency's decimals as a number of minor units: `123.45` as 12345. Undefined if a
 * JavaScript number cannot hold it exactly.
 */
export function parseMinorUnits(text: string): number | undefined {
  const minorUnits = Number(text.replace('.', ''))
  return Number.isSafeInteger(minorUnits) ? minorUnits : undefined
}
