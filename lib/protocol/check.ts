import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { moves } from './machine.ts'

/**
 * Refuse what a protocol cannot be: each problem as a sentence that names the state and what to write instead.
 *
 * `routes` are the names that have a handler, `$default` among them where there is one.
 */
export const problemsOf = (machine: AnyStateMachine, routes: Iterable<string>): string[] => {
  const nodes = [...nodesOf(machine.root)]
  const accepted = new Set(
    nodes.flatMap((node) => [...node.transitions].flatMap(([type, list]) => (list.some(moves) ? [type] : []))),
  )
  return [
    ...nodes.flatMap(inState),
    ...nodes.flatMap((node) => actionsOf(node, machine).flatMap((type) => actor(type, node))),
    ...[...routes]
      .filter((name) => !accepted.has(name))
      .map(
        (name) =>
          `No state of the protocol accepts '${name}', so its handler could never run. Add a transition, or remove the route.`,
      ),
  ]
}

/** Whether any state speaks of the event, if only to forbid it. */
export const knows = (machine: AnyStateMachine, event: string): boolean =>
  [...nodesOf(machine.root)].some((node) => Object.hasOwn(node.config.on ?? {}, event))

/** The events that some state accepts and a peer or a handler can send. */
export const eventsOf = (machine: AnyStateMachine): string[] =>
  machine.events.filter((type: string) => !type.startsWith('xstate.') && !type.startsWith('$') && !isWildcard(type))

const inState = (node: AnyStateNode): string[] => {
  const problems: string[] = []
  if (node.invoke.length > 0)
    problems.push(
      `State '${nameOf(node)}' invokes an actor, which no store can keep. Start that work in a route handler.`,
    )
  for (const [event, config] of Object.entries(node.config.on ?? {})) {
    if (isWildcard(event))
      problems.push(
        `State '${nameOf(node)}' accepts the wildcard '${event}'. Name each event: a protocol says what it allows.`,
      )
    if ([config].flat().some(forbids))
      problems.push(
        `State '${nameOf(node)}' has '${event}: {}', which XState reads as forbidden. Write '${event}: stay' to allow it and keep the state, or '${event}: undefined' to forbid it.`,
      )
  }
  return problems
}

const actor = (type: string, node: AnyStateNode) =>
  ACTOR_ACTIONS.has(type)
    ? [
        `State '${nameOf(node)}' uses ${type.slice('xstate.'.length)}(), and a stored protocol has no actors. Do it in a route handler.`,
      ]
    : []

const ACTOR_ACTIONS = new Set([
  'xstate.spawnChild',
  'xstate.sendTo',
  'xstate.stopChild',
  'xstate.forwardTo',
  'xstate.sendParent',
])

/** A transition that is an object, with nowhere to go and nothing to do. */
const forbids = (config: unknown) =>
  typeof config === 'object' &&
  config !== null &&
  (config as { target?: unknown }).target === undefined &&
  isEmpty((config as { actions?: unknown }).actions)

const isEmpty = (actions: unknown) => actions === undefined || (Array.isArray(actions) && actions.length === 0)

const isWildcard = (event: string) => event === '*' || event.endsWith('.*')

const nodesOf = function* (node: AnyStateNode): Generator<AnyStateNode> {
  yield node
  for (const child of Object.values(node.states)) yield* nodesOf(child)
}

/** The types of the actions that a state runs; named ones are looked up in the machine's `setup`. */
const actionsOf = (node: AnyStateNode, machine: AnyStateMachine): string[] =>
  [
    ...node.entry,
    ...node.exit,
    ...node.initial.actions,
    ...[...node.transitions.values(), node.always ?? []].flat().flatMap(({ actions }) => actions),
  ].map((action) => typeOf(action, machine))

const typeOf = (action: unknown, { implementations }: AnyStateMachine): string => {
  const { type = '' } = Object(action) as { readonly type?: string }
  const name = typeof action === 'string' ? action : type
  const implemented: unknown = implementations.actions[name]
  return String((Object(implemented) as { readonly type?: string }).type ?? name)
}

const nameOf = (node: AnyStateNode) => node.path.join('.') || node.machine.id
