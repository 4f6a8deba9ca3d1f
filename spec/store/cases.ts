import type { Store } from 'ws-interlock'
import { membershipCases } from './memberships.ts'
import { recordCases } from './records.ts'

/** What every store must do. Each case takes ids of its own, so that a store may be shared and need not be empty. */
export interface Case {
  readonly claim: string
  readonly check: (store: Store) => Promise<void>
}

export const storeCases: readonly Case[] = [...recordCases, ...membershipCases]
