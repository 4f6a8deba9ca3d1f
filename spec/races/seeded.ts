import fc, { type IAsyncProperty } from 'fast-check'

/** The same in every run unless `FC_SEED` says otherwise. */
export const SEED = Number(process.env.FC_SEED ?? 20_240_119)

/** Check a property by as many runs, or `FC_RUNS`. A failure shows the shortest way to it that fast-check finds. */
export const holds = async <Given>(what: string, runs: number, property: IAsyncProperty<Given>): Promise<void> => {
  const numRuns = Number(process.env.FC_RUNS ?? runs)
  console.log(`\n${what}: FC_SEED=${SEED} FC_RUNS=${numRuns}`)
  await quickly(() => fc.assert(property, { seed: SEED, numRuns, includeErrorInReport: true }))
}

/** How many runs it takes to see that a property does not hold; nothing when it takes more than `runs`. */
export const seen = async <Given>(what: string, runs: number, property: IAsyncProperty<Given>) => {
  const { failed, numRuns } = await quickly(() => fc.check(property, { seed: SEED, numRuns: runs, endOnFailure: true }))
  console.log(`\n${what}: FC_SEED=${SEED}, ${failed ? `seen in run ${numRuns}` : `not seen in ${runs} runs`}`)
  return failed ? numRuns : undefined
}

/** Most messages of a race are refused, and the stack of each refusal, which nobody reads, takes a tenth of the time. */
const quickly = async <Result>(check: () => Promise<Result>): Promise<Result> => {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return await check()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
