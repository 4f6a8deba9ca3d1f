import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, EventObject } from 'xstate'
import type { Due, StoredState } from '../store/store.ts'
import { goOn } from './delays.ts'
import { plain } from './plain.ts'
import { stay } from './stay.ts'

/** An action of the machine that waits for the commit. */
export type Action = () => void

/** Makes of what another version of the machine stored what this one can go on with; nothing where it cannot. */
export type Migrate = (old: {
  /** `id@version` of the machine that stored it. */
  readonly version: string | undefined
  readonly value: unknown
  readonly context: unknown
}) => Pick<StoredState, 'value' | 'context'> | undefined

/** Where a transition leads. */
export interface Step {
  readonly state: StoredState
  readonly due: readonly Due[]
  readonly actions: readonly Action[]
}

/** From where a transition leads. */
export type Origin = Pick<Step, 'state' | 'due'>

/** The few things that the engine asks of a state machine, free of time, chance and I/O. */
export interface Machine {
  /** The machine's own id. */
  readonly name: string
  readonly version: string
  readonly start: (input: unknown, now: number) => Step
  readonly can: (state: StoredState, event: EventObject) => boolean
  /** `now` is the time at which the delays that the transition starts begin to run. */
  readonly next: (from: Pick<Step, 'state' | 'due'>, event: EventObject, now: number) => Step
  /** The events that some transition out of `state` names, guards aside. */
  readonly accepts: (state: StoredState) => readonly string[]
  /** The snapshot that handlers see. */
  readonly snapshot: (state: StoredState) => unknown
  /**
   * A state that another version stored, as this one knows it, and the delays that run in it: those that ran before, and
   * from `now` on those that the state has newly. `undefined` where it is not to be had.
   */
  readonly migrate: (from: Origin, version: string | undefined, now: number) => Origin | undefined
  /** What a final state says of itself: its `description`. */
  readonly description: (state: StoredState) => string | undefined
}

/**
 * Wrap an XState machine. This file is all the contact there is with xstate, and it is with the machine alone: its own
 * pure methods, never an actor.
 *
 * `machine.transition` with one inert scope costs half of xstate's `transition()`, which builds an actor and runs the
 * context factory on each call; a spec holds the two equal.
 */
export const wrap = (machine: AnyStateMachine, migrate?: Migrate): Machine => {
  const restored = new WeakMap<StoredState, AnyMachineSnapshot>()
  const resolve = resolver(machine)
  const stays = staying(machine)
  const select = selector(machine)
  const revive = ({ value, context, historyValue, done }: StoredState): AnyMachineSnapshot => {
    const status = done ? 'done' : 'active'
    // resolveState() forgets history and is twice as fast; without history there is nothing to forget.
    return historyValue
      ? machine.restoreSnapshot({ status, value, context, historyValue, children: {} } as never, {} as never)
      : resolve(value, context)
  }
  const restore = (state: StoredState): AnyMachineSnapshot => {
    const known = restored.get(state)
    if (known) return known
    const snapshot = revive(state)
    restored.set(state, snapshot)
    return snapshot
  }
  const keep = (snapshot: AnyMachineSnapshot): StoredState => {
    if (Object.keys(snapshot.children).length > 0) refuseActor()
    const { value, context } = snapshot
    plain(context, 'context')
    const state = {
      value,
      context,
      ...(Object.keys(snapshot.historyValue).length > 0 && { historyValue: historyOf(machine, snapshot) }),
      ...(snapshot.status === 'done' && { done: true as const }),
    }
    restored.set(state, snapshot)
    return state
  }
  return {
    name: machine.id,
    version: versionOf(machine),
    start: (input, now) => {
      const scope = inert()
      const snapshot = machine.getInitialSnapshot(scope as never, input) as AnyMachineSnapshot
      if (snapshot.status === 'error') throw snapshot.error
      return { state: keep(snapshot), ...sort(scope.actions, [], now) }
    },
    // A transition of the root leads out of a final state, where an actor would have stopped listening.
    can: (state, event) => !state.done && select(restore(state), event).some(moves),
    next: ({ state, due }, event, now) => {
      if (state.done) return { state, due, actions: NONE }
      const before = restore(state)
      if (stays(select(before, event))) return { state, due, actions: NONE }
      const scope = inert()
      const after = machine.transition(before, event, scope as never) as AnyMachineSnapshot
      return { state: after === before ? state : keep(after), ...sort(scope.actions, due, now) }
    },
    accepts: (state) => [...new Set(restore(state)._nodes.flatMap(acceptedBy))],
    migrate: ({ state, due }, version, now) => {
      const moved = migrate?.({ version, value: state.value, context: state.context })
      if (moved === undefined) return undefined
      if (Object(moved).value === undefined)
        throw new TypeError('migrate() returns { value, context } of a state of this machine, or undefined.')
      // Read at once, so that a value which this machine does not have is found here.
      const snapshot = restore({ value: moved.value, context: moved.context })
      return { state: keep(snapshot), due: goOn(machine, snapshot, due, now) }
    },
    // A copy: what a handler does to its snapshot cannot reach what is stored. And not remembered: nobody asks for it again.
    snapshot: (state) => revive(JSON.parse(JSON.stringify(state))),
    description: (state) =>
      restore(state)._nodes.find((node) => node.type === 'final' && node.description)?.description,
  }
}

/**
 * `machine.resolveState()`, of which most of the work is the same for every context: done once for each value. The
 * functions of a snapshot find all that they need in `this`.
 */
const resolver = (machine: AnyStateMachine) => {
  const templates = new Map<string, AnyMachineSnapshot>()
  return (value: unknown, context: unknown): AnyMachineSnapshot => {
    const key = typeof value === 'string' ? value : JSON.stringify(value)
    let template = templates.get(key)
    if (!template) {
      template = machine.resolveState({ value, context: {} } as never) as AnyMachineSnapshot
      if (templates.size < MAX_TEMPLATES) templates.set(key, template)
    }
    return { ...template, context: context ?? {} } as AnyMachineSnapshot
  }
}

/** A machine of parallel regions has more values than are worth keeping. */
const MAX_TEMPLATES = 1_000

/** Whether an event is allowed and leaves everything as it is: what it takes is `stay`, and nothing follows from it. */
const staying = (machine: AnyStateMachine) => {
  const settled = ![...nodesOf(machine.root)].some(({ always }) => always && always.length > 0)
  return (transitions: readonly Transition[]): boolean => settled && transitions.every(isStay)
}

/** What a state does at an event; the one asked last is kept, since whoever asks whether it is allowed asks what it does. */
const selector = (machine: AnyStateMachine) => {
  let last:
    | { readonly snapshot: object; readonly event: object; readonly transitions: readonly Transition[] }
    | undefined
  return (snapshot: AnyMachineSnapshot, event: EventObject): readonly Transition[] => {
    if (last?.snapshot !== snapshot || last.event !== event)
      last = { snapshot, event, transitions: machine.getTransitionData(snapshot, event) }
    return last.transitions
  }
}

interface Transition {
  readonly target?: unknown
  readonly actions: readonly unknown[]
}

const isStay = ({ target, actions }: Transition) =>
  target === undefined && actions.length === 1 && actions[0] === stay.actions

/** A state and all that are within it. */
export const nodesOf = function* (node: AnyStateNode): Generator<AnyStateNode> {
  yield node
  for (const child of Object.values(node.states)) yield* nodesOf(child)
}

interface Collected {
  readonly type: string
  readonly info: unknown
  readonly params: unknown
  readonly exec?: ((info: unknown, params: unknown) => void) | undefined
}

/** What a transition asks of its surroundings; ours has no actors and only writes down the actions. */
const inert = () => {
  const actions: Collected[] = []
  const nothing = () => {}
  return {
    actions,
    self: { system: { _bookId: refuseActor } },
    system: { _sendInspectionEvent: nothing },
    id: '',
    sessionId: '',
    logger: console.log,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: (action: Collected) => actions.push(action),
  }
}

const refuseActor = () => {
  throw new TypeError('A stored protocol has no actors: no invoke, spawn or sendTo. Do it in a route handler.')
}

/** Delays become absolute deadlines; custom actions wait for the commit; what xstate has applied itself is dropped. */
const sort = (collected: readonly Collected[], before: readonly Due[], now: number) => {
  if (collected.length === 0) return { due: before, actions: NONE }
  let due = before
  const actions: Action[] = []
  for (const { type, info, params, exec } of collected) {
    const { event, id, sendId, delay } = (params ?? {}) as Record<string, unknown> & { event?: EventObject }
    if (type === 'xstate.raise') {
      if (delay !== undefined && event) due = [...due, delayed(event, id, now + Number(delay))]
    } else if (type === 'xstate.cancel') due = due.filter((one) => (one.id ?? one.event) !== sendId)
    else if (type === 'xstate.log' || !type.startsWith('xstate.')) actions.push(() => exec?.(info, params))
    else if (type !== 'xstate.emit') refuseActor()
  }
  return { due, actions }
}

const delayed = ({ type, ...payload }: EventObject, id: unknown, at: number): Due => ({
  event: type,
  at,
  ...(id !== undefined && id !== type && { id: String(id) }),
  ...(Object.keys(payload).length > 0 && { payload }),
})

/** The name and number under which a state was stored: another one may not be read back. */
const versionOf = (machine: AnyStateMachine) => `${machine.id}@${machine.version ?? '0'}`

const historyOf = (machine: AnyStateMachine, snapshot: AnyMachineSnapshot) =>
  (machine.getPersistedSnapshot(snapshot) as unknown as { readonly historyValue: unknown }).historyValue

/** The events that some transition of a node names and that it does not forbid. */
export const acceptedBy = (node: AnyStateMachine['root']): string[] =>
  [...node.transitions].flatMap(([type, list]) => (list.some(moves) ? [type] : []))

/** XState's own rule for `can`: a transition without target and action forbids the event. */
const moves = (transition: Transition): boolean => transition.target !== undefined || transition.actions.length > 0

const NONE: readonly Action[] = []
