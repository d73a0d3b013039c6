/**
 * The parameters of a property whose runs are long histories. `DAYBOOK_PROPERTY_RUNS` sets the number of runs. The seed
 * is fixed, so that a run in CI can be repeated. A failure is made smaller for a limited time only.
 */
export function propertyRuns(usual: number) {
  const numRuns = Number(process.env['DAYBOOK_PROPERTY_RUNS'] ?? usual)
  const millisecondsPerRun = 60_000
  return {
    parameters: {
      numRuns,
      seed: 20_261_128,
      interruptAfterTimeLimit: numRuns * millisecondsPerRun,
      markInterruptAsFailure: true,
    },
    timeout: (numRuns + 2) * millisecondsPerRun,
  }
}
