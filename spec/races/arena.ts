import fc from 'fast-check'
import type { Store } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { connectEvent, disconnectEvent, messageEvent } from 'ws-interlock/testing'
import type { ConnectionRecord, StorePorts } from '../../lib/store/store.ts'
import { type App, type Instance, instanceOf, type Work } from './instance.ts'
import type { Course } from './invocation.ts'
import type { Protocol } from './protocols.ts'
import { type Point, referenceOf } from './reference.ts'
import { type Asked, type Seen, Witness } from './witness.ts'

/** A protocol and the instances that speak it, which are built once for many races. */
export interface Arena {
  readonly protocol: Protocol
  /** The state that the machine begins in. */
  readonly start: Point
  /** Its store commits a state together with its memberships. */
  readonly whole: boolean
  readonly weakness: Weakness
  readonly instances: Instance[]
  /** How a connection stands after each prelude. */
  readonly outsets: Map<number, Outset>
}

/** A store or an engine that is weaker than it has to be, to show that this is seen. */
export interface Weakness {
  readonly ports?: (ports: StorePorts) => StorePorts
  readonly store?: (store: Store) => Store
}

interface Outset {
  readonly record: ConnectionRecord
  readonly point: Point
  readonly members: readonly string[]
  readonly gone: boolean
  readonly wrongs: readonly string[]
}

export const arenaOf = (protocol: Protocol, whole: boolean, weakness: Weakness = {}): Arena =>
  Object.assign(
    { protocol, start: referenceOf(protocol.machine), whole, weakness, instances: [], outsets: new Map() },
    { [fc.toStringMethod]: () => `${whole ? 'whole' : 'apart'} ${shown(protocol)}` },
  )

/** Guards and actions by their names. */
const shown = ({ machine }: Protocol): string =>
  JSON.stringify(machine.config, (_, value: unknown) => (typeof value === 'function' ? value.name : value))

/** One connection, whoever serves it. */
export interface Connection {
  readonly witness: Witness
  /** The instance of that number, at work for an invocation that begins now. */
  readonly enter: (index: number, seen: Seen) => App
  /** Have an event handled by that instance. */
  readonly send: (index: number, seen: Seen, event: object) => Promise<unknown>
  /** The same when nobody else is about. */
  readonly calmly: (asked: Asked, event?: object) => Promise<Seen>
}

/** A connection to which a prelude has been said. */
export const connectionIn = async (arena: Arena, course: Course, prelude: number): Promise<Connection> => {
  const { protocol } = arena
  const index = prelude % protocol.preludes.length
  const { record, point, members, gone, wrongs } = arena.outsets.get(index) ?? (await outsetOf(arena, course, index))
  const kept = memory({ now: () => course.nowMs })
  await kept.records.create(ID, record)
  for (const channel of members) await kept.memberships.join(ID, channel)
  const witness = new Witness(protocol, point, course, arena.whole)
  witness.record = record
  witness.gone = gone
  witness.wrongs.push(...wrongs)
  for (const channel of members) witness.members.add(channel)
  return connectionOf(arena, course, witness, kept, chance(2))
}

const outsetOf = async (arena: Arena, course: Course, index: number): Promise<Outset> => {
  const { protocol, start, whole, outsets } = arena
  const witness = new Witness(protocol, start, course, whole)
  const { calmly } = connectionOf(arena, course, witness, memory({ now: () => course.nowMs }), chance(1))
  await calmly(NOTHING, connectEvent(MADE))
  for (const [at, type] of (protocol.preludes[index] ?? []).entries()) await calmly({ ...NOTHING, type, id: `p${at}` })
  const { record, now, members, gone, wrongs } = witness
  if (!record) throw new Error('A handshake has left no record.')
  const outset = { record, point: now, members: [...members], gone, wrongs }
  outsets.set(index, outset)
  return outset
}

const connectionOf = (
  arena: Arena,
  course: Course,
  witness: Witness,
  kept: StorePorts,
  random: () => number,
): Connection => {
  const ports = arena.weakness.ports?.(kept) ?? kept
  const enter = (index: number, seen: Seen) => {
    witness.arrived(seen)
    seen.killAt = course.nowMs + seen.lifeMs
    return instanceAt(arena, index, { course, witness, seen, ports, random }).app
  }
  const send = (index: number, seen: Seen, event: object) =>
    enter(index, seen)(event, {
      awsRequestId: `request-${index}`,
      getRemainingTimeInMillis: () => seen.killAt - course.nowMs,
    })
  return {
    witness,
    enter,
    send,
    calmly: async (asked, event = frame(asked)) => {
      const seen = seenOf(`calm ${asked.type}`, 'message', asked, CALM)
      await send(0, seen, event)
      return seen
    },
  }
}

const instanceAt = ({ protocol, whole, weakness, instances }: Arena, index: number, work: Work): Instance => {
  const instance = instances[index] ?? instanceOf(protocol, whole, work, weakness.store)
  instances[index] = instance
  instance.work = work
  return instance
}

/** An invocation of which nothing was seen yet. */
export const seenOf = (
  name: string,
  kind: Seen['kind'],
  asked: Asked,
  { fault, lifeMs, skewMs, slow, calm = false }: Manner,
): Seen => ({
  name,
  kind,
  asked,
  fault,
  lifeMs,
  skewMs,
  slow,
  calm,
  killAt: Number.POSITIVE_INFINITY,
  dead: false,
  turns: 0,
  since: 0,
  late: false,
  began: undefined,
  exclusive: false,
  ended: undefined,
  raised: [],
  committed: false,
  told: [],
  claimed: false,
  over: false,
})

type Manner = Pick<Seen, 'fault' | 'lifeMs' | 'skewMs' | 'slow'> & { readonly calm?: boolean }

/** The event of a message. The same messages are said again and again, so that each is made once. */
export const frame = ({ type, id, ...data }: Asked): object => {
  const body = JSON.stringify({ action: type, ...(id && { id }), data })
  const event = frames.get(body) ?? messageEvent({ ...MADE, body })
  frames.set(body, event)
  return event
}

const frames = new Map<string, object>()

/** Numbers that look drawn and are the same in each run: Lehmer's, from a half to one, so that nobody looks too often. */
const chance = (seed: number) => {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return 0.5 + state / 4_294_967_294
  }
}

export const NOTHING: Asked = { type: '', id: '', fails: false, raises: false }
export const ID = 'AAAAAAAAAAAAAAA='
export const START_MS = Date.UTC(2024, 1, 19)
const CALM: Manner = { fault: undefined, lifeMs: 30_000, skewMs: 0, slow: false, calm: true }
const MADE = { connectionId: ID, connectedAt: START_MS, now: START_MS }
export const FAREWELL = disconnectEvent(MADE)
