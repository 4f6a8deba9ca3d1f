import type { AnyStateMachine, EventObject } from 'xstate'
import { send, type Via } from '../flow/deliver.ts'
import type { Plan } from '../flow/plan.ts'
import type { Outcome } from '../protocol/engine.ts'
import { type Foresight, foresight } from '../protocol/foresee.ts'
import type { Machine, Origin } from '../protocol/machine.ts'
import { attempt, idOf, isOpen, type Open, origin, same } from '../protocol/record.ts'
import type { Drive } from './drive.ts'

/**
 * Tell the peer in which state its connection is, where the peer cannot know that from what it sent and was answered.
 *
 * `kind`: what came of it. `ask`: the peer's message; without one the server acted by itself.
 */
export type Tell = (
  plan: Plan,
  via: Via,
  connectionId: string,
  driven: Pick<Drive<unknown>, 'base' | 'seen' | 'cause'>,
  kind: Outcome['kind'] | 'ticked' | 'amended',
  ask?: { readonly id: string; readonly event: EventObject },
) => Promise<void>

export const tell = async (
  given: AnyStateMachine,
  machine: Machine,
  ...[plan, via, connectionId, { base, seen, cause }, kind, ask]: Parameters<Tell>
): Promise<void> => {
  if (!seen || !isOpen(seen) || seen.closed) return
  const from = base && isOpen(base) ? base : undefined
  const by = kind === 'done' ? ask : undefined
  const known = from && (by ? led(given, machine, from, by.event, plan) : origin(from))
  // Whoever asks again for what was applied has not heard what came of it; and a store that did not answer has hidden
  // where this one began.
  const isNews = kind === 'duplicate' || cause !== undefined || !known || from?.machine !== seen.machine
  if (!isNews && same(shownOf(known), shownOf(origin(seen)))) return
  const state = { state: seen.state.value, version: seen.version, ...sinceOf(seen, by?.id) }
  await send(plan, via, connectionId, plan.codec.push('$state', state))
}

/** The state to which a message leads by itself, where its peer can say that too. */
const led = (given: AnyStateMachine, machine: Machine, from: Open, event: EventObject, { clock }: Plan) => {
  if (!foresightOf(given).foreseen(from.state.value, event.type)) return undefined
  // Not accepted there: by what came in between it was.
  const step = attempt(() => machine.can(from.state, event) && machine.next(origin(from), event, clock.now()))
  return step && !('kind' in step) ? step : undefined
}

/** Where it is, and which delays run: an event from inside may start one and stay. */
const shownOf = ({ state, due }: Origin) => [state.value, due.map(({ event }) => event).sort()]

/**
 * The last message of the peer that is part of the state: its answer and this push may overtake each other. Empty where
 * there was none; absent where it is so long ago that the record has forgotten it.
 */
const sinceOf = ({ done = [] }: Open, own?: string): { readonly id?: string } => {
  // One that left everything as it was is not in the record.
  const id = own || done.map(idOf).findLast((one) => one !== '')
  if (id !== undefined) return { id }
  return done.length < REMEMBERED_AT_LEAST ? { id: '' } : {}
}

const foresightOf = (machine: AnyStateMachine): Foresight => {
  const known = foresights.get(machine) ?? foresight(machine)
  foresights.set(machine, known)
  return known
}
const foresights = new WeakMap<AnyStateMachine, Foresight>()

/** A record remembers no fewer messages. */
const REMEMBERED_AT_LEAST = 8
