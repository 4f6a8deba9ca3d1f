import type { Plan } from '../flow/plan.ts'
import type { Memberships, StorePorts } from '../store/store.ts'

/** What this instance remembers of presence. All of it can be forgotten: then it is asked for, or told, once more. */
export interface Memory {
  /** Keys that wait to be told of, by channel, and how often each has been told again. There while somebody tells. */
  readonly queues: Map<string, Map<string, number>>
  /** Until when nothing is to be told of a large channel, in epoch milliseconds. */
  readonly quietUntil: Map<string, number>
  /** What has been told of. */
  readonly told: Map<string, true>
}

export const memoryOf = ({ plan, ports }: { readonly plan: Plan; readonly ports: StorePorts }): Memory => {
  const known = memories.get(plan)
  // Whatever runs an application in a test gives it another store.
  if (known?.of === ports.memberships) return known
  const memory = { of: ports.memberships, queues: new Map(), quietUntil: new Map(), told: new Map() }
  memories.set(plan, memory)
  return memory
}

/** Keep one more, and forget the oldest where there are too many. */
export const keepIn = <Value>(map: Map<string, Value>, key: string, value: Value): void => {
  map.delete(key)
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= MAX_KEPT) break
    map.delete(oldest)
  }
}

const memories = new WeakMap<Plan, Memory & { readonly of: Memberships }>()

const MAX_KEPT = 1_000
