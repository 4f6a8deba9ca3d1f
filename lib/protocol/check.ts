import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { acceptedBy, nodesOf } from './machine.ts'
import { stay } from './stay.ts'

/**
 * Refuse what a protocol cannot be: each problem as a sentence that names the state and what to write instead.
 *
 * `routes` are the names that have a handler, `$default` among them where there is one.
 */
export const problemsOf = (machine: AnyStateMachine, routes: Iterable<string>): string[] => {
  const nodes = [...nodesOf(machine.root)]
  const accepted = new Set(nodes.flatMap(acceptedBy))
  return [
    ...nodes.flatMap((node) => inState(node, machine)),
    ...[...routes]
      .filter((name) => !accepted.has(name))
      .map((name) => `No state accepts '${name}'. Add a transition, or remove the route.`),
  ]
}

/** The events that some state answers with more than `stay`: those that may change the state. */
export const changing = (machine: AnyStateMachine): string[] =>
  [...nodesOf(machine.root)].flatMap((node) =>
    [...node.transitions].flatMap(([type, list]) =>
      list.some(({ target, actions }) => target !== undefined || actions.some((action) => action !== stay.actions))
        ? [type]
        : [],
    ),
  )

/** Whether any state speaks of the event, if only to forbid it. */
export const knows = (machine: AnyStateMachine, event: string): boolean =>
  [...nodesOf(machine.root)].some((node) => Object.hasOwn(node.config.on ?? {}, event))

/** The events that some state accepts and a peer or a handler can send. */
export const eventsOf = (machine: AnyStateMachine): string[] =>
  machine.events.filter((type: string) => !type.startsWith('xstate.') && !type.startsWith('$') && !isWildcard(type))

const inState = (node: AnyStateNode, machine: AnyStateMachine): string[] => {
  const events = Object.entries(node.config.on ?? {})
  return [
    ...actorsOf(node, machine).map(
      (actor) => `uses ${actor}, and a stored protocol has no actors. Do it in a route handler.`,
    ),
    ...events.flatMap(([event]) =>
      isWildcard(event) ? [`accepts the wildcard '${event}'. Name each event that it allows.`] : [],
    ),
    ...events.flatMap(([event, config]) =>
      [config].flat().some(forbids)
        ? [
            `has '${event}: {}', which XState reads as forbidden. Write '${event}: stay' to allow it, or '${event}: undefined' to forbid it.`,
          ]
        : [],
    ),
  ].map((problem) => `State '${node.path.join('.') || machine.id}' ${problem}`)
}

/** What a state does with actors, as one writes it. */
const actorsOf = (node: AnyStateNode, machine: AnyStateMachine): string[] => [
  ...node.invoke.map(() => 'invoke'),
  ...typesOf(node, machine).flatMap((type) => {
    const [, name] = /^xstate\.(spawnChild|sendTo|stopChild)$/.exec(type) ?? []
    return name ? [`${name}()`] : []
  }),
]

/** A transition that is an object, with nowhere to go and nothing to do. */
const forbids = (config: unknown) => {
  if (typeof config !== 'object' || config === null) return false
  const { target, actions = [] } = config as { readonly target?: unknown; readonly actions?: unknown }
  return target === undefined && Array.isArray(actions) && actions.length === 0
}

const isWildcard = (event: string) => event === '*' || event.endsWith('.*')

/** The types of the actions that a state runs; named ones are looked up in the machine's `setup`. */
const typesOf = (node: AnyStateNode, machine: AnyStateMachine): string[] =>
  actionsOf(node).map((action) => typeOf(action, machine))

/** The actions that a state runs, as one writes them. */
export const actionsOf = (node: AnyStateNode): readonly unknown[] => [
  ...node.entry,
  ...node.exit,
  ...node.initial.actions,
  ...[...node.transitions.values(), node.always ?? []].flat().flatMap(({ actions }) => actions),
]

const typeOf = (action: unknown, { implementations }: AnyStateMachine): string => {
  const { type = '' } = Object(action) as { readonly type?: string }
  const name = typeof action === 'string' ? action : type
  const implemented: unknown = implementations.actions[name]
  return String((Object(implemented) as { readonly type?: string }).type ?? name)
}
