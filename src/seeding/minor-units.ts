/** A whole number of a currency's smallest unit as text with the currency's decimals: 12345 as `123.45`. */
export function textOfMinor(minor: number, scale: number): string {
  const digits = String(Math.abs(minor)).padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const text = scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`
  return minor < 0 ? `-${text}` : text
}

/** Text with exactly the currency's decimals as a whole number of the smallest unit; undefined where that is inexact. */
export function minorOfText(text: string): number | undefined {
  const minor = Number(text.replace('.', ''))
  return Number.isSafeInteger(minor) ? minor : undefined
}
