import type { PeerError } from '../errors.ts'
import type { StoredState } from '../store/store.ts'
import type { Machine } from './machine.ts'

/** The refusal of an event that the machine does not accept in `state`. `isOpen`: whether a peer may know the name. */
export const refusalOf = (machine: Machine, name: string, state: StoredState, isOpen: (event: string) => boolean) => {
  const allowed = machine.accepts(state).filter(isOpen)
  return {
    code: 'FAILED_PRECONDITION',
    message: `'${name}' is not allowed in '${nameOf(state)}'. Allowed: ${allowed.join(', ') || 'nothing'}.`,
    details: { state: state.value, allowed },
  } as const satisfies PeerError
}

/** Why a final state ends the connection: what the state says of itself, or its name. */
export const endingOf = (machine: Machine, state: StoredState): string =>
  machine.description(state) ?? `The protocol has ended in '${nameOf(state)}'.`

const nameOf = ({ value }: StoredState) => (typeof value === 'string' ? value : JSON.stringify(value))
