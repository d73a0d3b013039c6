import { isInstalled } from './command.ts'

/** Allows the package to load migrations in TypeScript. The sources run under tsx or vitest, which can. */
export async function allowTypeScript(): Promise<void> {
  if (!isInstalled) return
  // A project's files may be CommonJS or ES modules, as its package.json says.
  const [commonJs, modules] = await Promise.all([import('tsx/cjs/api'), import('tsx/esm/api')])
  commonJs.register()
  modules.register()
}
