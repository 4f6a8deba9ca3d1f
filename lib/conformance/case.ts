import type { StorePorts } from '../store/store.ts'

/** One thing that a store must do. */
export interface StoreCase {
  /** A sentence: what holds of a store that passes. */
  readonly claim: string
  /** Rejects with an Error that says what was expected and what came. */
  readonly check: (store: StorePorts) => Promise<void>
}
