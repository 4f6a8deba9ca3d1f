import type { EventObject } from 'xstate'
import { broadcast } from '../channel/broadcast.ts'
import { membersOf } from '../channel/members.ts'
import { channelName } from '../channel/name.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { apply } from '../protocol/engine.ts'
import { NotAllowed } from '../protocol/record.ts'
import type { Store } from '../store/store.ts'
import type { Sent } from '../types/push.ts'
import { part, send } from './deliver.ts'
import { drive, policyOf, tokenOf } from './drive.ts'
import { Lifetime } from './lifetime.ts'
import { fail, farewell, notAllowed } from './outcome.ts'
import type { Plan, Protocol } from './plan.ts'
import { pushFrame } from './push.ts'
import { Fault, Parting } from './refuse.ts'

/** The server's side of its connections; `gateway` says how to reach them, and is asked when something is sent. */
export const serverOf = (plan: Plan, gateway: () => Gateway) => {
  const { store, protocol } = plan
  return {
    connection: (id: string) => ({
      push: async (name: string, data: unknown) => send(plan, gateway(), id, await pushFrame(plan, name, data)),
      close: (reason = CLOSED) => part(plan, gateway(), id, 'OK', reason),
      info: () => gateway().info(id),
      ...(protocol && { dispatch: (event: EventObject) => dispatch(plan, protocol, gateway, id, event) }),
    }),
    ...(store && { channel: (name: string) => channelOf(plan, store, gateway, channelName(name)) }),
  }
}

/** What a closed connection is told when no reason was given. */
export const CLOSED = 'The server has closed the connection.'

const channelOf = (plan: Plan, store: Store, gateway: () => Gateway, channel: string) => ({
  members: () => membersOf(store.memberships, channel),
  broadcast: async (name: string, data: unknown, { except = [] }: { readonly except?: readonly string[] } = {}) =>
    broadcastTo(plan, store, gateway(), channel, await pushFrame(plan, name, data), except),
})

/** Send a push to the members of a channel, leaving out some. */
export const broadcastTo = async (
  plan: Plan,
  { memberships }: Store,
  gateway: Gateway,
  channel: string,
  frame: string,
  except: readonly string[],
): Promise<Sent> => {
  const deliver = (connectionId: string) => send(plan, gateway, connectionId, frame)
  return broadcast(membersOf(memberships, channel), new Set(except), deliver, (error) => console.error(error))
}

const dispatch = async (plan: Plan, protocol: Protocol, gateway: () => Gateway, id: string, event: EventObject) => {
  if (/^(\$|xstate\.)/.test(String(event?.type)))
    throw new TypeError(`'${event?.type}' is an event of the lifecycle, which nobody dispatches.`)
  const driven = drive(
    plan,
    id,
    apply(
      protocol.machine,
      [event],
      { id: '', token: tokenOf(plan, undefined) },
      policyOf(plan, new Lifetime(undefined)),
    ),
  )
  const { result } = { result: undefined, ...(await driven.on()) }
  if (result?.kind !== 'done') {
    if (result?.kind === 'failed' && result.error instanceof NotAllowed)
      throw notAllowed(protocol, event.type, result.error.state)
    const error = result && fail(protocol, event.type, result, driven.cause())
    throw error instanceof Fault
      ? error.cause
      : error instanceof Parting
        ? (error.error ?? new Error(error.message))
        : error
  }
  for (const action of result.actions) action()
  if (result.final) await part(plan, gateway(), id, 'OK', farewell(protocol, result.state))
}
