import mongoose from 'mongoose'

const secretOptions = /((?:password|token|authMechanismProperties)=)[^&\s]*/gi

/** A connection string, or a text that contains one, without its passwords: for messages and logs. */
export function describeUri(uri: string): string {
  // Up to the last @, whatever comes before it: a malformed URI must not show its password either.
  return uri
    .replace(/((?::\/{1,2}|^)[^:/?@\s]*:)(?!\/)[^]*@/g, '$1***@')
    .replace(secretOptions, '$1***')
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
