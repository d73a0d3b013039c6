import mongoose from 'mongoose'

const secretOptions = /((?:password|token|authMechanismProperties)=)[^&\s]*/gi

/** What comes before the last @ of a URI, even if the scheme is damaged. */
const userInfo = /^((?:[^:/?@\s]*:?\/{1,2})?[^:/?@\s]*:)(?!\/)[^]*@/

/**
 * A URI that was cut before its @: something else than a port follows the first colon. In a text it is recognized by its
 * scheme, and the rest of the text may belong to it.
 */
const cutUri = /^((?:[^:/?\s]*:\/{1,2})?[^:/?\s[]*:)(?!\/)(?!\d{1,5}(?:[,/?]|$))[^]+/
const cutUriInText = /(\w:\/\/[^:/?@\s[]*:)(?!\d{1,5}(?:[,/?\s"']|$))[^@]+$/

/** A connection string without its passwords, for messages and logs. */
export function describeUri(uri: string): string {
  return hidePasswords(
    uri.includes('@') ? uri.replace(userInfo, '$1***@') : uri.replace(cutUri, '$1***'),
  )
}

/** A text without the passwords of the connection strings in it. */
export function hidePasswords(text: string): string {
  return (
    text
      // Up to the last @, whatever comes before it: a malformed URI must not show its password either.
      .replace(/((?::\/{1,2}|^)[^:/?@\s]*:)(?!\/)[^]*@/g, '$1***@')
      .replace(cutUriInText, '$1***')
      .replace(secretOptions, '$1***')
  )
}

/**
 * What an error says about a connection string, unless it repeats a part of the password. A driver that takes the
 * password for something else, such as a port, repeats it in other shapes.
 */
export function withoutSecrets(reason: string, uri: string): string {
  const described = describeUri(uri)
  const shown = described.split('***')
  const hidden = described === uri ? '' : shown.reduce((rest, part) => rest.replace(part, ' '), uri)
  const words = hidden.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  const isRepeated = words.some((word) => reason.toLowerCase().includes(word))
  return isRepeated
    ? 'expected mongodb://USER:PASSWORD@HOST:PORT/DATABASE, with every @ : / ? # % of the password percent-encoded'
    : reason
}

/** Whether every host of a connection string is this machine. */
export function isLocalUri(uri: string): boolean {
  if (!uri.startsWith('mongodb://')) return false
  try {
    // The driver parses the hosts, because it is the driver that will connect to them.
    return new mongoose.mongo.MongoClient(uri).options.hosts.every(
      ({ host, socketPath }) => socketPath !== undefined || isLoopback(host ?? ''),
    )
  } catch {
    return false
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
