import { userName } from '../channel/name.ts'
import { FailedPreconditionError, ResourceExhaustedError, UnavailableError } from '../errors.ts'
import type { Plan } from '../flow/plan.ts'
import type { Received } from '../flow/receive.ts'
import { report } from '../flow/report.ts'
import type { Application } from '../flow/state.ts'
import type { Outbox } from '../gateway/outbox.ts'
import { amend } from '../protocol/amend.ts'
import type { Kept } from '../protocol/effect.ts'
import { valid } from '../schema.ts'
import { userChannel } from '../store/own-channels.ts'
import type { ConnectionRecord, StorePorts } from '../store/store.ts'
import { arm } from './arm.ts'
import { joinNow } from './channels.ts'
import { driveThrough, policyOf, tokenOf } from './drive.ts'
import { fail } from './fail.ts'
import type { Protocol } from './protocol.ts'
import { keep, kept, want } from './wishes.ts'

/** Of whom something is kept. */
export interface Keeping {
  readonly plan: Plan
  readonly ports: StorePorts
  readonly protocol: Protocol | undefined
  readonly application: Application
  readonly received: Received
  readonly box: Outbox
  /** What is stored, as far as this function has seen it. */
  seen: Partial<ConnectionRecord>
}

/** Change `connection.data`: now, or with the commit of the message. */
export const update = async (keeping: Keeping, change: unknown): Promise<void> => {
  const { application, box } = keeping
  const schema = application.connection
  if (!schema) throw new TypeError('Nothing is said of what is kept: declare it with .connection(schema).')
  const next = async (data: unknown) => {
    const made = await valid(schema, typeof change === 'function' ? change(data) : change, 'The data of the connection')
    const bytes = Buffer.byteLength(JSON.stringify(made) ?? '')
    if (bytes > MAX_DATA_BYTES)
      throw new ResourceExhaustedError(`What is kept takes ${bytes} bytes; ${MAX_DATA_BYTES} are allowed.`, {
        details: { bytes, maxBytes: MAX_DATA_BYTES },
      })
    return made
  }
  if (box.shut) return keep(box, { data: await next({ ...keeping.seen, ...kept(box) }.data) })
  // A schema may be asynchronous and an engine is not: the change is made of what was seen, and again where that was
  // not what is stored.
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const from = keeping.seen.data
    const data = await next(from)
    if (await write(keeping, { data }, (record) => same(record.data, from))) return
    await pause(keeping, attempt)
  }
  throw new UnavailableError('The data of this connection is being changed by others. Nothing was kept.')
}

/** Say whose connection it is: now, or with the commit of the message. */
export const identify = async (keeping: Keeping, given: unknown): Promise<void> => {
  const { ports, received, box } = keeping
  const user = userName(given)
  const { connectionId } = received
  if (!box.shut && keeping.seen.version === undefined)
    keeping.seen = (await ports.records.read(connectionId)) ?? keeping.seen
  const before = { ...keeping.seen, ...kept(box) }.user
  if (box.shut) {
    if (before !== undefined && before !== user) want(box, userChannel(before), false)
    want(box, userChannel(user), true)
    keep(box, { user })
    return box.send(() => present(keeping))
  }
  // As with any membership: revoked before, granted after. Whoever dies in between is told nothing, and says it again.
  if (before !== undefined && before !== user) await ports.memberships.leave(connectionId, userChannel(before))
  await write(keeping, { user }, () => true)
  await joinNow(ports.memberships, connectionId, userChannel(user))
  await present(keeping)
}

/** Where it is present already, it is so as that user from now on. */
export const present = async ({ plan, ports, application, received }: Keeping): Promise<void> => {
  if (Object(application.channels).presence)
    await (await import('./presence.ts')).identified(plan, ports, received, received.connectionId)
}

/** Store it. `false` where the record is not as it was taken for; it is seen anew. */
export const write = async (
  keeping: Keeping,
  next: Kept,
  fits: (record: ConnectionRecord) => boolean,
): Promise<boolean> => {
  const { plan, ports, protocol, received } = keeping
  const { connectionId, lifetime } = received
  const mark = tokenOf(plan)
  let isFit = true
  const change = (record: ConnectionRecord): Kept | undefined => {
    isFit = fits(record)
    return isFit ? next : undefined
  }
  if (protocol) {
    const engine = amend(protocol.machine, change, mark, policyOf(plan, lifetime))
    const { result, driven } = await driveThrough(plan, ports, connectionId, engine)
    await protocol.tell?.(plan, received, connectionId, driven, result.kind).catch(console.error)
    const { first, last } = driven
    // What is written stands, whether or not somebody looks when its time is over.
    await arm(protocol, connectionId, received.event.requestContext, first, last).catch((error: unknown) =>
      report(plan, received, undefined, error),
    )
    if (result.kind === 'amended') keeping.seen = result.record
    else if (result.kind !== 'done') throw await fail(protocol, '', result, driven.cause)
    return isFit
  }
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const record = await ports.records.read(connectionId)
    if (!record || record.closed)
      throw new FailedPreconditionError('This connection is closed, or older than the store.')
    keeping.seen = record
    if (!change(record)) return false
    const written = { ...record, ...next, mark, version: record.version + 1 }
    const isOurs = (current: ConnectionRecord | undefined) => current?.mark === mark
    const result = await ports.records
      .replace(connectionId, record.version, written)
      // Its answer may be all that was lost.
      .catch(async (error: unknown) => {
        if (isOurs(await ports.records.read(connectionId))) return { ok: true } as const
        throw error
      })
    if (result.ok || isOurs(result.current)) {
      keeping.seen = written
      return true
    }
    await pause(keeping, attempt)
  }
  throw new UnavailableError('The record of this connection is being changed by others. Nothing was kept.')
}

const same = (a: unknown, b: unknown) => a === b || JSON.stringify(a) === JSON.stringify(b)

/** Full jitter: those who met at one record would meet again after equal waits. */
const pause = ({ plan }: Keeping, attempt: number) =>
  plan.clock.wait(Math.round(plan.random() * Math.min(200, 4 * 2 ** attempt)))

const MAX_ATTEMPTS = 12
/** As for the context of a machine: DynamoDB bills each started kilobyte, and every message reads it. */
const MAX_DATA_BYTES = 64 * 1024
