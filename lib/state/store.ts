import type { EventObject } from 'xstate'
import type { Application, State } from '../flow/state.ts'
import { needFunctions } from '../mistakes.ts'
import type { Store, StorePorts } from '../store/store.ts'
import { connectChannels, messageChannels, serverChannels } from './channels.ts'
import { claim } from './claim.ts'
import { open } from './connection.ts'
import { later } from './later.ts'
import { type Protocol, protocolOf, raiser } from './protocol.ts'
import type { Deadlines } from './tick.ts'

/**
 * Make a store of your own out of its two ports.
 *
 * ```ts
 * ws().store(store({ records, memberships }))
 * ```
 */
export const store = (ports: StorePorts): Store => {
  checkPorts(ports)
  return { ...ports, '~state': stateOf }
}

const checkPorts = (ports: Partial<StorePorts> | undefined) => {
  needFunctions('store({ records })', ports?.records, ['create', 'read', 'replace', 'delete'])
  needFunctions('store({ memberships })', ports?.memberships, ['join', 'leave', 'has', 'members', 'channels'])
  if (ports?.commit !== undefined) needFunctions('store()', { commit: ports.commit })
}

const stateOf = (ports: StorePorts, application: Application): State => {
  // Again: a store can be copied with other ports.
  checkPorts(ports)
  const protocol = protocolOf(application)
  return {
    ports,
    protocol,
    application,
    claim: protocol && claim(ports, protocol),
    open: open(ports, protocol),
    close: async (plan, received) => (await part()).close(plan, ports, protocol, received),
    forget: async (plan, connectionId) => (await part()).forget(plan, ports, protocol, connectionId),
    routes: protocol?.resume ? [protocol.resume.route] : [],
    tick: protocol?.deadlines && tickOf(ports, protocol, protocol.deadlines),
    inConnect: (plan, received, box) => ({ channel: connectChannels(plan, ports, received, box) }),
    inMessage: (context, plan, received, box, raised, snapshot) => {
      Object.assign(context, { channel: messageChannels(plan, ports, received, box) })
      if (!protocol || !snapshot) return
      Object.assign(context, { raise: raiser(protocol, raised) })
      Object.defineProperty(context, 'snapshot', { get: once(snapshot), enumerable: true, configurable: true })
    },
    inDisconnect: (plan, received, snapshot) => ({
      channel: serverChannels(plan, ports, () => received.gateway, received.connectionId),
      ...(protocol && { snapshot }),
    }),
    inServer: (plan, gateway) => ({ channel: serverChannels(plan, ports, gateway) }),
    inConnection: (plan, gateway, id) =>
      protocol
        ? { dispatch: async (event: EventObject) => (await tell()).dispatch(plan, ports, protocol, gateway, id, event) }
        : {},
    warnOnLambda: (warn) => ports.warnOnLambda && warn({ code: 'MEMORY_ON_LAMBDA', ...ports.warnOnLambda }),
  }
}

/** A snapshot is a copy, made for a handler that asks for it; every time the same one. */
const once = <Made>(make: () => Made) => {
  let made: { readonly value: Made } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Loaded when a connection ends, or the server speaks to a machine: what begins with a message needs neither. */
const part = later(() => import('./parting.ts'))
const tell = later(() => import('./dispatch.ts'))

const tickOf =
  (ports: StorePorts, protocol: Protocol, { tick }: Deadlines): State['tick'] =>
  (plan, given) =>
    tick(plan, ports, protocol, given)
