import { EngineError } from '../errors.ts'

/**
 * Checks that the driver can call `import()`, as it does to connect since its version 7.6. jest allows that only with a flag.
 * Without it a connection would fail for a reason that nobody recognizes.
 */
export async function requireDynamicImport(): Promise<void> {
  try {
    await import('node:os')
  } catch (error) {
    throw new EngineError(
      'MongoDB’s driver cannot connect in jest without a flag of Node, because it calls import(). Start jest with NODE_OPTIONS=--experimental-vm-modules jest, or as node --experimental-vm-modules node_modules/jest/bin/jest.js',
      { cause: error },
    )
  }
}
