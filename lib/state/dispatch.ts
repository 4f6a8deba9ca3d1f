import type { EventObject } from 'xstate'
import { part } from '../flow/deliver.ts'
import { Fault, Parting } from '../flow/fault.ts'
import { Lifetime } from '../flow/lifetime.ts'
import type { Plan } from '../flow/plan.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { left, once } from '../protocol/apart.ts'
import { apply, type Outcome } from '../protocol/engine.ts'
import { NotAllowed } from '../protocol/record.ts'
import type { StorePorts } from '../store/store.ts'
import type { DispatchOptions } from '../types/server.ts'
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
  options?: DispatchOptions,
): Promise<void> => {
  const given = { plan, store, protocol, gateway, connectionId, event, id: idIn(options) }
  const { outcome, cause } = await offer(given)
  if (outcome.kind !== 'done' && outcome.kind !== 'duplicate') throw failureOf(given, outcome, cause)
}

/** An event for the machine of a connection. */
export interface Dispatch {
  readonly plan: Plan
  readonly store: StorePorts
  readonly protocol: Protocol
  readonly gateway: () => Gateway
  readonly connectionId: string
  readonly event: EventObject
  /** Of events under the same id one is applied. */
  readonly id: string | undefined
}

/** What came of one, and what the store said where it failed. */
interface Offered {
  readonly outcome: Outcome
  readonly cause: unknown
}

/** Apply the event, and do what the machine does besides. */
export const offer = async (given: Dispatch): Promise<Offered> => {
  const { plan, store, protocol, gateway, connectionId } = given
  const { result, driven } = await driveThrough(plan, store, connectionId, engineOf(given))
  await arm(protocol, connectionId, undefined, driven.first, driven.last).catch(console.error)
  const tell = async () => protocol.tell?.(plan, { gateway: gateway() }, connectionId, driven, result.kind)
  await tell().catch(console.error)
  if (result.kind === 'done') {
    act(result.actions)
    if (result.final) await part(plan, { gateway: gateway() }, connectionId, 'OK', farewellOf(protocol, result.state))
  }
  return { outcome: result, cause: driven.cause }
}

/**
 * The same for a connection that is closed, and whose state waits for one that takes over: `lost` is an heir that never
 * will. There is nobody to tell; deadlines are looked at by whoever takes over.
 */
export const offerLeft = async (given: Dispatch, lost: string | undefined): Promise<Offered> => {
  const { plan, store, connectionId } = given
  const { result, driven } = await driveThrough(plan, store, connectionId, left(engineOf(given), lost))
  if (result.kind === 'done') act(result.actions)
  return { outcome: result, cause: driven.cause }
}

const engineOf = ({ plan, protocol, event, id }: Dispatch) => {
  if (typeof (Object(event) as { readonly type?: unknown }).type !== 'string')
    throw new TypeError("dispatch() takes an event of the machine: { type: '…' }.")
  if (/^(\$|xstate\.)/.test(event.type))
    throw new TypeError(`'${event.type}' is an event of the lifecycle, which nobody dispatches.`)
  const token = tokenOf(plan)
  // No id of a message: of those peers say which have been applied.
  const engine = apply(protocol.machine, [event], { event, id: '', token }, policyOf(plan, new Lifetime(undefined)))
  return id === undefined ? engine : once(engine, id, token)
}

const idIn = (options: DispatchOptions | undefined): string | undefined => {
  const { id }: { readonly id?: unknown } = Object(options)
  if (id === undefined || (typeof id === 'string' && id !== '' && id.length <= MAX_ID && !LONE.test(id))) return id
  throw new TypeError(`dispatch() takes an id of 1 to ${MAX_ID} characters: dispatch(event, { id: 'order/17' }).`)
}

/** A record remembers a few ids, and DynamoDB bills each started kilobyte of it. */
const MAX_ID = 128
/** Half of a character, which no store keeps as it is. */
const LONE = /[\ud800-\udfff]/u

/** No peer is to be told, so the caller gets the error itself. */
export const failureOf = ({ protocol, event }: Dispatch, result: Failure, cause: unknown): unknown => {
  if (result.kind === 'failed' && result.error instanceof NotAllowed)
    return notAllowed(protocol, event.type, result.error.state)
  const error = errorOf(protocol, event.type, result, cause)
  if (error instanceof Fault) return error.cause
  return error instanceof Parting ? (error.error ?? new Error(error.message)) : error
}
