import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import type { Due } from '../store/store.ts'

/** The delays of a state that nobody has entered: those that run already go on, and the others begin. */
export const goOn = (
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  running: readonly Due[],
  now: number,
): Due[] => {
  const wanted = snapshot._nodes.flatMap(({ after }) => after)
  const events = new Set(wanted.map(({ eventType }) => eventType))
  return [
    // A `raise` with a delay belongs to no state.
    ...running.filter(({ event }) => events.has(event) || !event.startsWith('xstate.after.')),
    ...[...events].flatMap((event) => {
      const delay = wanted.find(({ eventType }) => eventType === event)?.delay
      if (running.some((one) => one.event === event)) return []
      return [{ event, at: now + delayOf(machine, snapshot, delay) }]
    }),
  ]
}

/** A number, or the name of one in the machine's `setup`, which may be a function of the context. */
const delayOf = (machine: AnyStateMachine, { context }: AnyMachineSnapshot, delay: unknown): number => {
  const known: unknown = typeof delay === 'string' ? (machine.implementations.delays[delay] ?? delay) : delay
  return Number(typeof known === 'function' ? known({ context, event: { type: 'xstate.init' } }, undefined) : known)
}
