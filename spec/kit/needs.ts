import { spawnSync } from 'node:child_process'
import type { Test } from 'uvu'

/**
 * For a spec that needs a program which a fresh machine may lack. Without the program the spec is skipped by name, and
 * with `REQUIRE_ALL=1` it fails.
 */
export const needs = (test: Test, program: string) => (claim: string, check: () => Promise<void>) => {
  if (has(program)) return test(claim, check)
  if (process.env.REQUIRE_ALL)
    return test(claim, () => {
      throw new Error(`'${program}' is not installed`)
    })
  console.log(`skipped, needs ${program}: ${claim}`)
  return test.skip(claim, check)
}

export const has = (program: string) => spawnSync('which', [program]).status === 0
