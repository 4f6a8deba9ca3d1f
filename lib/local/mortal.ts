import { AsyncLocalStorage } from 'node:async_hooks'
import type { Gateway } from '../gateway/gateway.ts'
import type { Fate } from './chaos.ts'
import { change, type Inside } from './inside.ts'

/** A function was killed in the middle of its work. */
export class KilledError extends Error {
  override readonly name = 'KilledError'
}

export interface Mortal {
  /** Run an invocation that dies as its fate says, if it comes so far. Rejects with a `KilledError` when it has died. */
  readonly run: <Result>(fate: Fate, work: () => Promise<Result>) => Promise<Result>
  readonly undo: () => void
}

/**
 * Let invocations of an application die in this process. A function cannot be stopped from outside; but one whose calls
 * are never answered comes no further, and nothing that it would have done is done: as if its process had been killed.
 */
export const mortal = (inside: Inside): Mortal => {
  const current = new AsyncLocalStorage<Life>()
  const { plan, ports } = inside
  const { gatewayOf } = plan
  const made = new WeakMap<Gateway, Gateway>()
  const undos = [
    change(plan, {
      gatewayOf: (api) => {
        const gateway = gatewayOf(api)
        const found = made.get(gateway) ?? mortalised(gateway, current)
        made.set(gateway, found)
        return found
      },
    }),
  ]
  if (ports) {
    const { records, memberships, blobs, commit } = ports
    undos.push(
      change(ports, {
        records: mortalised(records, current),
        memberships: mortalised(memberships, current),
        ...(blobs && { blobs: mortalised(blobs, current) }),
        ...(commit && mortalised({ commit }, current)),
      }),
    )
  }
  return {
    run: (fate, work) =>
      new Promise((resolve, reject) => {
        const life: Life = {
          fate,
          effects: 0,
          end: undefined,
          die: () => {
            if (life.end) return
            life.end = 'killed'
            fate.died()
            reject(new KilledError(`The function was killed at its call number ${fate.effect}.`))
          },
        }
        const over = () => {
          life.end ??= 'returned'
        }
        current.run(life, () => work().finally(over)).then(resolve, reject)
      }),
    undo: () => {
      for (const undo of undos.reverse()) undo()
      // As in trace.ts. Nobody is killed any more.
      current.disable()
    },
  }
}

interface Life {
  readonly fate: Fate
  effects: number
  /** What floats on after its function has returned cannot be killed with it. */
  end: 'killed' | 'returned' | undefined
  readonly die: () => void
}

/** The same functions, each of which may be the last that its caller calls. */
const mortalised = <Port extends object>(port: Port, current: AsyncLocalStorage<Life>): Port =>
  Object.fromEntries(
    Object.entries(port).map(([name, call]) => [
      name,
      async (...given: unknown[]) => {
        const life = current.getStore()
        if (!life || life.end === 'returned') return call(...given)
        life.effects++
        const { effect, isApplied } = life.fate
        if (life.effects < effect) return call(...given)
        if (life.effects === effect && isApplied) await call(...given).catch(() => {})
        life.die()
        return new Promise(() => {})
      },
    ]),
  ) as Port // the same names, and functions of the same types
