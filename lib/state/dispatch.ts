import type { EventObject } from 'xstate'
import { part } from '../flow/deliver.ts'
import { Fault, Parting } from '../flow/fault.ts'
import { Lifetime } from '../flow/lifetime.ts'
import type { Plan } from '../flow/plan.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { apply, type Outcome } from '../protocol/engine.ts'
import { NotAllowed } from '../protocol/record.ts'
import type { StorePorts } from '../store/store.ts'
import { arm } from './arm.ts'
import { act, driveThrough, policyOf, tokenOf } from './drive.ts'
import { errorOf, type Failure, farewellOf, notAllowed } from './outcome.ts'
import type { Protocol } from './protocol.ts'

/** Send an event to the machine of a connection, from the server. Rejects where the machine does not accept it now. */
export const dispatch = async (
  plan: Plan,
  store: StorePorts,
  protocol: Protocol,
  gateway: () => Gateway,
  connectionId: string,
  event: EventObject,
): Promise<void> => {
  if (typeof (Object(event) as { readonly type?: unknown }).type !== 'string')
    throw new TypeError("dispatch() takes an event of the machine: { type: '…' }.")
  if (/^(\$|xstate\.)/.test(event.type))
    throw new TypeError(`'${event.type}' is an event of the lifecycle, which nobody dispatches.`)
  const policy = policyOf(plan, new Lifetime(undefined))
  const once = { event, id: '', token: tokenOf(plan) }
  const engine = apply(protocol.machine, [event], once, policy)
  const { result, driven } = await driveThrough(plan, store, connectionId, engine)
  await arm(protocol, connectionId, undefined, driven.first, driven.last).catch(console.error)
  const tell = async () => protocol.tell?.(plan, { gateway: gateway() }, connectionId, driven, result.kind)
  await tell().catch(console.error)
  if (result.kind !== 'done') throw unwrap(protocol, event, result, driven.cause)
  act(result.actions)
  if (result.final) await part(plan, { gateway: gateway() }, connectionId, 'OK', farewellOf(protocol, result.state))
}

/** No peer is to be told, so the caller gets the error itself. */
const unwrap = (protocol: Protocol, event: EventObject, result: Failure & Outcome, cause: unknown): unknown => {
  if (result.kind === 'failed' && result.error instanceof NotAllowed)
    return notAllowed(protocol, event.type, result.error.state)
  const error = errorOf(protocol, event.type, result, cause)
  if (error instanceof Fault) return error.cause
  return error instanceof Parting ? (error.error ?? new Error(error.message)) : error
}
