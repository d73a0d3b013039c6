const COMMON = /^[!-~]+$/
const NEVER_ALLOWED = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u

/**
 * Whether a stored text can have come from Daybook: of 1 to `longest` characters, without control characters. An
 * earlier version accepted more texts than this one does, and they stay valid where they are stored.
 */
export const isStoredText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' &&
  value.length <= longest &&
  (COMMON.test(value) || (value.trim() !== '' && !NEVER_ALLOWED.test(value)))

/** {@link isStoredText} for the id of an account or a transfer. */
export const isStoredId = (value: unknown): value is string =>
  isStoredText(value, 128) && value.trim() === value
