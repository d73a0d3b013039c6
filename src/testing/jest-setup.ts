import { startForRun } from './run-replica-set.ts'

/**
 * A `globalSetup` for jest: starts one replica set for the whole run and puts its URI into MONGODB_URI, or uses the one
 * that is there. `daybook/testing/jest-teardown` stops it: use both.
 */
export default startForRun
