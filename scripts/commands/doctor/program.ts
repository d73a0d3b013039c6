import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import mongoose from 'mongoose'
import { named } from '../../../src/internal.ts'
import { type Look, ok, problem, warning } from './finding.ts'

const requireHere = createRequire(import.meta.url)
const { version, engines, peerDependencies } = requireHere('daybook/package.json') as {
  version: string
  engines: { node: string }
  peerDependencies: { mongoose: string }
}

/** The version of Node.js against the oldest one that Daybook runs on. */
export function lookAtNode(running: string = process.versions.node): Look {
  return isAtLeast(running, engines.node)
    ? ok(running)
    : problem(`Node.js ${running} is too old: install a version ${engines.node}`)
}

/** Whether a version is the one in a range such as `>=20.19` or `^9.12.1`, or a later one. */
function isAtLeast(found: string, range: string): boolean {
  const parts = numbersIn(found)
  const difference = numbersIn(range)
    .map((least, index) => (parts[index] ?? 0) - least)
    .find((each) => each !== 0)
  return (difference ?? 0) >= 0
}

const numbersIn = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number)

/** The versions of Daybook and of Mongoose, and whether the project in the folder uses the same copies. */
export async function lookAtPackages(folder: string): Promise<Look> {
  const versions = `daybook ${version}, mongoose ${mongoose.version}`
  const [own] = numbersIn(mongoose.version)
  const [needed] = numbersIn(peerDependencies.mongoose)
  if (own !== needed || !isAtLeast(mongoose.version, peerDependencies.mongoose)) {
    return problem(`${versions}, but it needs mongoose ${peerDependencies.mongoose}: install that`)
  }
  const others = [
    await otherCopy('mongoose', folder, mongoose.version),
    await otherCopy('daybook', folder, version),
  ].filter((other) => other !== undefined)
  const [first] = others
  if (!first) return ok(versions)
  const found = `${versions}, but this project has ${others.map(({ described }) => described).join(' and ')}. npm ls ${first.name} lists the copies, npm dedupe joins them if their versions allow it, and npx daybook runs the project’s own`
  return others.some(({ isUsable }) => !isUsable) ? problem(found) : warning(found)
}

/** The copy of a package that a program in the folder would load, if it is of another version than the one in use. */
async function otherCopy(
  name: string,
  folder: string,
  used: string,
): Promise<{ name: string; described: string; isUsable: boolean } | undefined> {
  for (let place = resolve(folder); ; place = dirname(place)) {
    const path = join(place, 'node_modules', name)
    const text = await readFile(join(path, 'package.json'), 'utf8').catch(() => undefined)
    if (text !== undefined) {
      const found = (JSON.parse(text) as { version: string }).version
      if (found === used) return undefined
      const isUsable = numbersIn(found)[0] === numbersIn(used)[0]
      return { name, described: `${name} ${named(found)} in ${named(path)}`, isUsable }
    }
    if (dirname(place) === place) return undefined
  }
}
