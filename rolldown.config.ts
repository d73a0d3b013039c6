import { readdirSync } from 'node:fs'
import { relative } from 'node:path'
import type { OutputOptions, RolldownOptions } from 'rolldown'

/** What CommonJS and ES modules can load. */
const EXPORTS = [
  'src/index.ts',
  'src/testing/index.ts',
  'src/testing/jest.ts',
  'src/testing/jest-setup.ts',
  'src/testing/jest-teardown.ts',
]

/** The files of the package that others name: its exports, its command and its migrations. */
const ENTRIES = [
  ...EXPORTS,
  'src/testing/vitest.ts',
  'src/testing/vitest-setup.ts',
  'scripts/cli.ts',
  ...readdirSync(new URL('scripts/migrations', import.meta.url)).map(
    (file) => `scripts/migrations/${file}`,
  ),
]

/** Outside: what is not a file of the project, and what the package does not have. */
const EXTERNAL = /^[^./]|\/(?:bench|soak)\.ts$/

/** The path of a file from the project's folder, whose own path may have any names in it. */
const pathOf = (file: string): string => relative(process.cwd(), file).replaceAll('\\', '/')

/** The folder of `src/` that a file is in. Those of the kit and the notebook are apart, because few need all of them. */
const layerOf = (file: string): string | null =>
  /^src\/(?!testing|notebook)(\w+)\//.exec(pathOf(file))?.[1] ?? null

/** What every run of the command line needs. */
const COMMAND_FILES = new Set(['scripts/context/command.ts', 'scripts/commands/command-list.ts'])

const OUTPUT: OutputOptions = {
  dir: 'dist',
  format: 'esm',
  sourcemap: true,
  // As deep as the sources, because some find files of the package from where they are.
  chunkFileNames: ({ moduleIds }) =>
    moduleIds.some((id) => pathOf(id).startsWith('scripts/'))
      ? 'scripts/chunks/[name].js'
      : 'src/chunks/[name].js',
  codeSplitting: {
    groups: [
      // The command line needs it for its help, without mongoose.
      { name: 'messages', test: (id) => pathOf(id) === 'src/messages.ts', priority: 2 },
      // The command line lists the commands, and so does the completion of it.
      { name: 'command', test: (id) => COMMAND_FILES.has(pathOf(id)), priority: 1 },
      { name: 'daybook', test: (id) => pathOf(id) === 'src/index.ts', priority: 1 },
      { name: layerOf, debugName: 'layers', includeDependenciesRecursively: false },
    ],
  },
}

/**
 * Compiles the package, and more programs if there are any, into a few files, because Node.js takes most of the time of
 * an import to find and open files: one file for what `import 'daybook'` needs, and one for each layer that is loaded when
 * it is called.
 */
export const compilation = (
  programs: readonly string[] = [],
  output: OutputOptions = {},
): RolldownOptions & { output: OutputOptions } => ({
  input: Object.fromEntries(
    [...ENTRIES, ...programs].map((file) => [file.replace(/\.ts$/, ''), file]),
  ),
  platform: 'node',
  external: (id) => EXTERNAL.test(id),
  preserveEntrySignatures: 'allow-extension',
  // No file does anything for one that imports nothing from it.
  treeshake: { moduleSideEffects: false },
  output: { ...OUTPUT, ...output },
  logLevel: 'warn',
})

/** The same as CommonJS, for tools that cannot `require` ES modules, such as jest. */
const commonJs: RolldownOptions = {
  ...compilation(),
  input: Object.fromEntries(EXPORTS.map((file) => [/^src\/(.*)\.ts$/.exec(file)?.[1], file])),
  output: {
    ...OUTPUT,
    dir: 'dist/commonjs',
    format: 'cjs',
    exports: 'named',
    sourcemap: false,
    chunkFileNames: 'chunks/[name].js',
  },
  plugins: [
    {
      name: 'commonjs-folder',
      generateBundle() {
        const source = JSON.stringify({ type: 'commonjs' })
        this.emitFile({ type: 'asset', fileName: 'package.json', source })
      },
    },
  ],
}

export default [compilation(), commonJs]
