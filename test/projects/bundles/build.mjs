import { build } from 'esbuild'

const common = { entryPoints: ['program.ts'], bundle: true, platform: 'node' }

// Mongoose and its driver are CommonJS, which calls require() also in a bundle of ES modules.
const js = `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url)`

await Promise.all([
  build({ ...common, format: 'esm', packages: 'external', outfile: 'built/external.mjs' }),
  build({ ...common, format: 'cjs', packages: 'external', outfile: 'built/external.cjs' }),
  build({ ...common, format: 'cjs', outfile: 'built/all.cjs' }),
  build({ ...common, format: 'esm', outfile: 'built/all.mjs', banner: { js } }),
])
