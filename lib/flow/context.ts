import type { EventObject } from 'xstate'
import type { ConnectEvent, DisconnectEvent, MessageEvent } from '../event/event.ts'
import { headersOf, queryOf, subprotocolsOf } from '../event/handshake.ts'
import type { Outbox } from '../gateway/outbox.ts'
import { connectChannels, disconnectChannels, messageChannels } from './channels.ts'
import { send } from './deliver.ts'
import type { Parsed } from './parse.ts'
import type { Plan, Route } from './plan.ts'
import { pushFrame } from './push.ts'
import type { Received } from './receive.ts'
import { CLOSED, serverOf } from './server.ts'

/** Where the output of a message's handler goes. */
export interface Out {
  readonly box: Outbox
  readonly raised: EventObject[]
  readonly closing: Closing
}

/** The wish to part, carried out after everything else has left. */
export interface Closing {
  reason: string | undefined
}

// Contexts are plain objects of closures, so that `({ push, channel })` is safe and `{ ...context }` loses nothing.
// What costs something and is rarely used is a getter: it is made when it is asked for.

/** What the handler of a message is given. */
export const messageContext = (
  plan: Plan,
  received: Received<MessageEvent>,
  route: Route,
  { id }: Parsed,
  data: unknown,
  snapshot: unknown,
  { box, raised, closing }: Out,
) => {
  const { store, protocol } = plan
  const { event, connection, authorizer, lambda, gateway } = received
  return {
    phase: 'message',
    name: route.name,
    id,
    data,
    connection,
    authorizer,
    event,
    lambda,
    get signal() {
      return received.lifetime.signal()
    },
    get server() {
      return serverOf(plan, () => gateway)
    },
    get idempotencyKey() {
      return `${connection.id}/${id ?? event.requestContext.messageId}`
    },
    push: async (name: string, pushed: unknown, { now = false }: { readonly now?: boolean } = {}) => {
      const leave = async () => void (await send(plan, gateway, connection.id, frame))
      const frame = await pushFrame(plan, name, pushed)
      await (now ? leave() : box.send(leave))
    },
    close: async (reason = CLOSED) => {
      closing.reason ??= reason
    },
    ...(store && { channel: messageChannels(plan, store, received, box) }),
    ...(protocol && {
      snapshot,
      raise: (raising: EventObject) => {
        if (!protocol.internal.has(raising.type))
          throw new TypeError(`'${raising.type}' is no internal event. List it: .protocol(machine, { internal: […] }).`)
        raised.push(raising)
      },
    }),
  }
}

/** What `onConnect` is given. The connection does not exist yet: there is nothing to push to. */
export const connectContext = (plan: Plan, received: Received<ConnectEvent>, box: Outbox) => {
  const { store } = plan
  const { event, connection, authorizer, lambda, gateway } = received
  return {
    phase: 'connect',
    connection,
    authorizer,
    event,
    lambda,
    get query() {
      return queryOf(event)
    },
    get headers() {
      return headersOf(event)
    },
    get subprotocols() {
      return subprotocolsOf(event)
    },
    get signal() {
      return received.lifetime.signal()
    },
    get server() {
      return serverOf(plan, () => gateway)
    },
    ...(store && { channel: connectChannels(store, received, box) }),
  }
}

/** What `onDisconnect` is given. The connection is gone: there is nobody to push to. */
export const disconnectContext = (plan: Plan, received: Received<DisconnectEvent>, snapshot: unknown) => {
  const { store, protocol } = plan
  const { event, connection, authorizer, lambda, gateway } = received
  return {
    phase: 'disconnect',
    // 1006 is the code of a connection that ended without a close frame (RFC 6455, 7.4.1).
    code: event.requestContext.disconnectStatusCode ?? 1006,
    reason: event.requestContext.disconnectReason ?? '',
    connection,
    authorizer,
    event,
    lambda,
    get signal() {
      return received.lifetime.signal()
    },
    get server() {
      return serverOf(plan, () => gateway)
    },
    ...(store && { channel: disconnectChannels(plan, store, received) }),
    ...(protocol && { snapshot }),
  }
}
