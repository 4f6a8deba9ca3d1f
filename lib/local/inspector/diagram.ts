import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'

/** A state machine as a picture shows it. */
export interface Diagram {
  readonly name: string
  readonly root: DiagramState
  readonly moves: readonly Move[]
}

export interface DiagramState {
  /** The path: `a.b`. Empty for the machine itself. */
  readonly id: string
  readonly name: string
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  /** The child that is entered first. */
  readonly initial: string | undefined
  readonly children: readonly DiagramState[]
  readonly description: string | undefined
  /** What it takes without being left, and what leads from it to a state within it, or from within it to itself. */
  readonly lines: readonly string[]
}

/** From one state to another that neither lies within the other. */
export interface Move {
  readonly from: string
  readonly to: string
  /** `auth`, `bid [isHighest]`, `after 60 s`, `always`. */
  readonly label: string
  /** The event's name, where it is one that somebody sends. */
  readonly event?: string
  /** An event that the server alone raises is no client's to send. */
  readonly kind: 'event' | 'internal' | 'after' | 'always' | 'done'
}

/** Read a machine: its states, however they are nested, and its transitions, however they are taken. */
export const diagramOf = (machine: AnyStateMachine, internal: ReadonlySet<string> = new Set()): Diagram => {
  const moves: Move[] = []
  const read = (node: AnyStateNode): DiagramState => {
    const steps = stepsOf(node, internal)
    const lines = [staying(steps), ...steps.filter(isInner).map(inner)].filter((line) => line !== '')
    moves.push(...steps.filter(isOuter).map(({ node: _, target, ...move }) => ({ ...move, to: idOf(target) })))
    return {
      id: idOf(node),
      name: node.key,
      kind: node.type,
      initial: node.type === 'compound' ? node.initial.target?.[0] && idOf(node.initial.target[0]) : undefined,
      children: Object.values(node.states).map(read),
      description: node.description,
      lines,
    }
  }
  return { name: machine.id, root: read(machine.root), moves }
}

interface Step extends Omit<Move, 'to'> {
  readonly node: AnyStateNode
  readonly target: AnyStateNode | undefined
  readonly reenter: boolean
}

const stepsOf = (node: AnyStateNode, internal: ReadonlySet<string>): Step[] =>
  [...[...node.transitions.values()].flat(), ...(node.always ?? [])].flatMap((transition) => {
    const { target, reenter, actions } = transition
    // Neither a target nor an action: XState's way to forbid an event.
    if (!target && actions.length === 0) return []
    const step = { from: idOf(node), node, reenter, ...wordsOf(node, transition, internal) }
    return (target ?? [undefined]).map((one) => ({ ...step, target: one }))
  })

const wordsOf = (node: AnyStateNode, transition: AnyTransitionDefinition, internal: ReadonlySet<string>) => {
  const { eventType, guard } = transition
  const named = (label: string) => `${label}${guard ? ` [${guardName(guard)}]` : ''}`
  const delayed = node.after.find((one) => one.eventType === eventType)
  if (delayed) return { label: named(`after ${duration(delayed.delay)}`), kind: 'after' } as const
  if (eventType === '') return { label: named('always'), kind: 'always' } as const
  if (eventType.startsWith('xstate.done.')) return { label: named('done'), kind: 'done' } as const
  const kind: Move['kind'] = internal.has(eventType) ? 'internal' : 'event'
  return { label: named(eventType), event: eventType, kind }
}

const guardName = (guard: unknown): string => {
  if (typeof guard === 'string') return guard
  const { type, name }: { readonly type?: string; readonly name?: string } = Object(guard)
  // XState calls the function that `and()`, `or()` and `not()` give `check`, and a function in the object by its key.
  return (typeof type === 'string' ? type : name) || 'guard'
}

const duration = (delay: unknown): string => {
  if (typeof delay !== 'number') return typeof delay === 'string' ? delay : 'a computed delay'
  if (delay % 60_000 === 0) return `${delay / 60_000} min`
  return delay % 1_000 === 0 ? `${delay / 1_000} s` : `${delay} ms`
}

/** Names of what leaves the state as it is, in one line. */
const staying = (steps: readonly Step[]): string => {
  const labels = steps.flatMap(({ node, target, reenter, label }) =>
    target === undefined || (target === node && !reenter) ? [label] : [],
  )
  return labels.length === 0 ? '' : `${labels.join(', ')} ${labels.length === 1 ? 'stays' : 'stay'}`
}

const isInner = ({ node, target, reenter }: Step): boolean =>
  target !== undefined && (target === node ? reenter : isWithin(target, node) || isWithin(node, target))

const inner = ({ node, target, label }: Step): string => {
  if (target === node) return `${label} re-enters`
  return `${label} → ${target && (isWithin(target, node) ? target.path.slice(node.path.length).join('.') : nameOf(target))}`
}

const isOuter = (step: Step): step is Step & { readonly target: AnyStateNode } =>
  step.target !== undefined && step.target !== step.node && !isInner(step)

const isWithin = (node: AnyStateNode, ancestor: AnyStateNode): boolean =>
  node !== ancestor && ancestor.path.every((key, at) => node.path[at] === key)

const idOf = (node: AnyStateNode): string => node.path.join('.')
const nameOf = (node: AnyStateNode): string => node.key
