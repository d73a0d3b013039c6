import mongoose from 'mongoose'

const secretOptions = /((?:password|token|authMechanismProperties)=)[^&\s]*/gi

/** A connection string, or a text that holds one, without passwords: for messages and logs. */
export function describeUri(uri: string): string {
  // To the last @, whatever lies between: a URI that is written wrong must not show its password either.
  return uri
    .replace(/((?::\/{1,2}|^)[^:/?@\s]*:)(?!\/)[^]*@/g, '$1***@')
    .replace(secretOptions, '$1***')
}

/** Whether every host of a connection string is this machine itself. */
export function isLocalUri(uri: string): boolean {
  if (!uri.startsWith('mongodb://')) return false
  try {
    // The driver's own reading of the hosts, since its view is the one that counts.
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
