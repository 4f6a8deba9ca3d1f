import type { EventObject } from 'xstate'
import { FREE } from '../flow/claim.ts'
import type { Plan } from '../flow/plan.ts'
import type { Received } from '../flow/receive.ts'
import type { Application, State } from '../flow/state.ts'
import type { Outbox } from '../gateway/outbox.ts'
import { needFunctions } from '../mistakes.ts'
import type { Kept } from '../protocol/effect.ts'
import type { ConnectionRecord, Store, StorePorts } from '../store/store.ts'
import type { Connection } from '../types/context.ts'
import type { DispatchOptions } from '../types/server.ts'
import { isWatched } from './arm.ts'
import { channelsOf, serverChannels } from './channels.ts'
import { claim } from './claim.ts'
import { open } from './connection.ts'
import type { Word } from './expiry.ts'
import type { Keeping } from './keeping.ts'
import { expiry, later } from './later.ts'
import { type Protocol, protocolOf, raiser } from './protocol.ts'
import { rulesOf } from './rules.ts'
import type { Deadlines } from './tick.ts'
import { usersOf } from './users.ts'
import { kept } from './wishes.ts'

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
  const rules = rulesOf(application, ports)
  /** What a phase has because there is a store: the connection with what is kept of it, and channels. */
  const equip = (given: object, plan: Plan, received: Received, box: Outbox, record: ConnectionRecord = NOTHING) => {
    const context = given as Equipped
    const acting = { context, plan, ports, protocol, application, rules, received, box, seen: record }
    context.connection = new KeptConnection(acting)
    context.channel = channelsOf(acting)
    return context
  }
  return {
    ports,
    protocol,
    application,
    claim: protocol ? claim(ports, protocol) : (application.reads || application.connection) && reading(ports),
    open: open(ports, protocol),
    close: async (plan, received) => (await part()).close(plan, ports, protocol, rules, received),
    forget: async (plan, connectionId) => (await part()).forget(plan, ports, protocol, rules, connectionId),
    routes: protocol?.resume ? [protocol.resume.route] : [],
    tick: protocol?.deadlines && tickOf(ports, protocol, protocol.deadlines),
    inConnect: (context, plan, received, box) => {
      const { channel } = equip(context, plan, received, box, undefined)
      // Nobody is let in yet: a join waits for that, and there is nothing to say.
      Object.assign(context, {
        channel: (name: string) => {
          const { members, join } = channel(name)
          return { members, join }
        },
      })
    },
    inMessage: (context, { plan, received, box, raised }, { snapshot, record }) => {
      equip(context, plan, received, box, record)
      if (!protocol || !snapshot) return
      Object.assign(context, { raise: raiser(protocol, raised) })
      Object.defineProperty(context, 'snapshot', { get: once(snapshot), enumerable: true, configurable: true })
    },
    inDisconnect: (plan, received, { snapshot, record }) => ({
      connection: {
        ...received.connection,
        data: record?.data,
        userId: record?.user,
        expiresAt: record?.expiresAt,
      },
      channel: serverChannels(plan, ports, rules, () => received.gateway, received),
      ...(protocol && { snapshot }),
    }),
    inServer: (plan, gateway) => ({
      channel: serverChannels(plan, ports, rules, gateway),
      user: usersOf(plan, ports, gateway),
    }),
    inConnection: (plan, gateway, id) =>
      protocol
        ? {
            dispatch: async (...given: readonly [event: EventObject, options?: DispatchOptions]) =>
              (await tell()).dispatch(plan, ports, protocol, gateway, id, ...given),
          }
        : {},
    warnOnLambda: (warn) => ports.warnOnLambda && warn({ code: 'MEMORY_ON_LAMBDA', ...ports.warnOnLambda }),
  }
}

/** Without a protocol a message is free to go, and its handler wants to see what is kept. */
const reading =
  (ports: StorePorts): NonNullable<State['claim']> =>
  async (plan, received) => {
    const record = await ports.records.read(received.connectionId)
    if (isWatched(record, plan.clock.now())) await (await expiry()).mind(plan, received, record)
    return { ...FREE, record }
  }

interface Equipped {
  connection: KeptConnection
  channel: ReturnType<typeof channelsOf>
}

/** Before anything is known of a connection. */
const NOTHING = {} as ConnectionRecord // Of which nothing is read but what is kept, and that is not there.

/**
 * The connection as a handler has it: with what is kept of it, as it was read or as the handler has changed it since. A
 * class of getters for the sake of speed: every message has one, and few ask for more than its id.
 */
class KeptConnection implements Connection {
  readonly id: string
  readonly connectedAt: number
  readonly sourceIp: string
  readonly userAgent: string | undefined
  readonly #keeping: Keeping

  constructor(keeping: Keeping) {
    const { id, connectedAt, sourceIp, userAgent } = keeping.received.connection
    this.id = id
    this.connectedAt = connectedAt
    this.sourceIp = sourceIp
    this.userAgent = userAgent
    this.#keeping = keeping
  }

  get data(): unknown {
    return this.#kept.data
  }

  get userId(): string | undefined {
    return this.#kept.user
  }

  get expiresAt(): number | undefined {
    return this.#kept.expiresAt
  }

  get update() {
    const keeping = this.#keeping
    return (change: unknown) => keeping.box.track(keepLater().then(({ update }) => update(keeping, change)))
  }

  get identify() {
    const keeping = this.#keeping
    return (userId: unknown) => keeping.box.track(keepLater().then(({ identify }) => identify(keeping, userId)))
  }

  get expire() {
    const keeping = this.#keeping
    return (at: unknown) => keeping.box.track(expiry().then(({ expire }) => expire(keeping, at)))
  }

  /** For `token()` of the guards. */
  async '~renew'(word: Word, leadMs: number) {
    return (await expiry()).renew(this.#keeping, word, leadMs)
  }

  get #kept(): Kept {
    const { seen, box } = this.#keeping
    return { ...seen, ...kept(box) }
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

/** Loaded when first needed: most of what begins with a message needs none of these. */
const part = later(() => import('./parting.ts'))
const tell = later(() => import('./dispatch.ts'))
const keepLater = later(() => import('./keeping.ts'))

const tickOf =
  (ports: StorePorts, protocol: Protocol, { tick }: Deadlines): State['tick'] =>
  (plan, given) =>
    tick(plan, ports, protocol, given)
