import { type MemoryOptions, memoryPorts } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { store } from './store.ts'

export type { MemoryOptions } from '../store/memory.ts'

/**
 * Keep connections in this process: for a laptop and for tests. On Lambda each instance would have a memory of its own,
 * and a warning says so.
 *
 * ```ts
 * ws().store(memory())
 * ```
 */
export const memory = (options?: MemoryOptions): Store => store(memoryPorts(options))
