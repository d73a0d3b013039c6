import { delimiter, isAbsolute, sep } from 'node:path'

/**
 * The folders on PATH in which the user's programs are. Relative folders depend on the working folder, and npm adds
 * `node_modules/.bin` of the working folder and of those above it: what is found there a project chooses, not the user.
 */
export function userPath(environment: NodeJS.ProcessEnv): string[] {
  return (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder) && !folder.split(sep).includes('node_modules'))
}
