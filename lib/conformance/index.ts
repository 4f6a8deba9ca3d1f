import { blobCases as blobs } from './blobs.ts'
import type { StoreCase } from './case.ts'
import { commitCases as commits } from './commits.ts'
import { membershipCases } from './memberships.ts'
import { nameCases } from './names.ts'
import { noteCases as notes } from './notes.ts'
import { raceCases } from './races.ts'
import { recordCases } from './records.ts'
import { replaceCases } from './replaces.ts'
import { shardCases as shards } from './shards.ts'

export type { StoreCase } from './case.ts'

/**
 * What every store must do. The cases are data: any test runner takes them, and so does a plain loop.
 *
 * ```ts
 * for (const { claim, check } of storeCases) test(claim, () => check(mine))
 * ```
 *
 * Each case takes connections and channels of its own, so a store may be shared by all of them, at once too, and need
 * not be empty. It is left with what they wrote, for two hours at most. Give a store that pages a small page, or no case
 * meets a second one.
 */
export const storeCases: readonly StoreCase[] = [
  ...recordCases,
  ...replaceCases,
  ...membershipCases,
  ...nameCases,
  ...raceCases,
]

/** What a store must do besides when it has a `commit`. Each case fails where there is none. */
export const commitCases: readonly StoreCase[] = commits

/** What a store must do besides when it has `memberships.note`: presence needs it. */
export const noteCases: readonly StoreCase[] = notes

/** What a store must do besides when it has `memberships.shards` and `grow`: channels of many thousands need them. */
export const shardCases: readonly StoreCase[] = shards

/** What a store must do besides when it has `blobs`: fan-out by a queue needs them. */
export const blobCases: readonly StoreCase[] = blobs
