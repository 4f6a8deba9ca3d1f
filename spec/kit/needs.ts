import { spawnSync } from 'node:child_process'
import type { Test } from 'uvu'

/**
 * For a spec that needs a program which a fresh machine may lack. Without the program the spec is skipped by name, and
 * with `REQUIRE_ALL=1` it fails.
 */
export const needs = (test: Test, program: string) => needsThat(test, has(program), program)

/** The same for anything: `what` names it, and says how to have it. */
export const needsThat =
  (test: Test, isThere: boolean, what: string) => (claim: string, check: () => Promise<void>) => {
    if (isThere) return test(claim, check)
    if (process.env.REQUIRE_ALL)
      return test(claim, () => {
        throw new Error(`It needs ${what}, which is not there.`)
      })
    skipped(what, claim)
    return test.skip(claim, check)
  }

export const has = (program: string) => spawnSync('which', [program]).status === 0

/** Named one by one as long as a reader would read them; the rest are counted at the end. */
const skipped = (what: string, claim: string) => {
  const count = (counts.get(what) ?? 0) + 1
  counts.set(what, count)
  if (count <= NAMED || process.env.SKIPPED) console.log(`skipped, needs ${what}: ${claim}`)
}

const counts = new Map<string, number>()
const NAMED = 3

process.once('exit', () => {
  for (const [what, count] of counts)
    console.log(`${count} specs were skipped, for they need ${what}; SKIPPED=1 npm test names them all.`)
})
