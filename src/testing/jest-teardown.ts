import { stopAfterRun } from './run-replica-set.ts'

/** A `globalTeardown` for jest: stops the replica set of `daybook/testing/jest-setup`. */
export default stopAfterRun
