import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { actionsOf } from './check.ts'
import { nodesOf } from './machine.ts'

/** What can be said of a machine's way by whoever sees the value of its state alone: neither its context nor its history. */
export interface Foresight {
  /** Whether the value after an event that was accepted follows from the value before it. */
  readonly foreseen: (value: unknown, event: string) => boolean
  /** Whether it begins in the same state in every context. */
  readonly begins: boolean
  /** Whether each delay is a number, and nothing but a number. */
  readonly timed: boolean
  /** Whether something besides `after` starts delays, which the value does not show. */
  readonly hidden: boolean
}

export const foresight = (machine: AnyStateMachine): Foresight => {
  const nodes = [...nodesOf(machine.root)]
  const made = nodes.flatMap(actionsOf).map((action) => implementationOf(action, machine))
  const raises = made.filter(({ type, id }) => type === 'xstate.raise' && !AFTER.test(String(id)))
  // What an action does, or which event it raises, may be made of the context.
  const isAny =
    made.some(({ type }) => type === 'xstate.enqueueActions') ||
    raises.some(({ event, delay }) => typeof event === 'function' && delay === undefined)
  const isOpen = isAny || nodes.flatMap(transitionsOf).some(isLoose) || nodes.some(startsLoosely)
  // What follows by itself may follow from any transition.
  const goesOn = isOpen && (isAny || nodes.some(followsLoosely) || raises.some(({ delay }) => delay === undefined))
  const nodesIn = (value: unknown): readonly AnyStateNode[] =>
    machine.resolveState({ value, context: {} } as never)._nodes
  return {
    foreseen: (value, event) => {
      if (!isOpen || goesOn) return !goesOn
      const candidates = nodesIn(value).flatMap((node) => node.transitions.get(event) ?? [])
      return candidates.every(({ target }) => target === undefined) || !candidates.some(isLoose)
    },
    begins: !goesOn && !nodes.some(startsLoosely),
    timed: !isAny && [...made, ...nodes.flatMap(({ after }) => after)].every(({ delay }) => isFixed(delay, machine)),
    hidden: isAny || raises.some(({ delay }) => delay !== undefined),
  }
}

/** A guard decides over it, or it leads to where the machine was before. */
const isLoose = ({ guard, target }: Leading) => guard !== undefined || leadsBack(target)
const leadsBack = (target: Leading['target']) => target?.some(({ type }) => type === 'history') === true

interface Leading {
  readonly guard?: unknown
  readonly target?: readonly { readonly type: string }[] | undefined
}

const startsLoosely = ({ initial }: AnyStateNode) => leadsBack(initial?.target)

const transitionsOf = (node: AnyStateNode): readonly Leading[] => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
]

/** A transition without an event of its own, or one at the end of what is within. */
const followsLoosely = (node: AnyStateNode) =>
  [...(node.always ?? []), ...[...node.transitions].flatMap(([type, list]) => (DONE.test(type) ? list : []))].some(
    isLoose,
  )
const DONE = /^xstate\.done\./

/** XState writes the `after` of a state as a `raise` on its entry. */
const AFTER = /^xstate\.after\./

interface Implementation {
  readonly type?: string
  readonly id?: unknown
  readonly event?: unknown
  readonly delay?: unknown
}

const implementationOf = (action: unknown, { implementations }: AnyStateMachine): Implementation => {
  const name = typeof action === 'string' ? action : String(Object(action).type)
  return Object(implementations.actions[name] ?? action)
}

const isFixed = (delay: unknown, { implementations }: AnyStateMachine) => {
  const known: unknown = typeof delay === 'string' ? (implementations.delays[delay] ?? delay) : delay
  return typeof known !== 'function'
}
