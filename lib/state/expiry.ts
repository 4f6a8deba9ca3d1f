import { userName } from '../channel/name.ts'
import { PermissionDeniedError, UnauthenticatedError } from '../errors.ts'
import { send, type Via } from '../flow/deliver.ts'
import type { Plan } from '../flow/plan.ts'
import type { Received } from '../flow/receive.ts'
import { report } from '../flow/report.ts'
import { mistake, need } from '../mistakes.ts'
import type { Kept } from '../protocol/effect.ts'
import { isOver } from '../protocol/record.ts'
import { userChannel } from '../store/own-channels.ts'
import type { ConnectionRecord } from '../store/store.ts'
import { joinNow } from './channels.ts'
import { identify, type Keeping, present, write } from './keeping.ts'
import { expired } from './outcome.ts'
import { keep } from './wishes.ts'

// The time of a token: what few messages come to, loaded with the first of them.

/** What a token says of the connection. */
export interface Word {
  readonly userId?: unknown
  /** Epoch milliseconds. */
  readonly expiresAt?: unknown
}

/** Say until when the connection may go on: now, or with the commit of the message. */
export const expire = async (keeping: Keeping, at: unknown): Promise<void> => {
  const { application, protocol, plan, box } = keeping
  if (!(protocol ?? application.connection ?? application.reads))
    throw new TypeError(
      'Nobody would look at the time: expire() needs a protocol, .connection(schema) or token(), which read the record.',
    )
  const next = { expiresAt: timeOf(at, plan.clock.now(), 'connection.expire()'), askAt: undefined }
  if (box.shut) keep(box, next)
  else await write(keeping, next, () => true)
}

/**
 * Take the word of a token: for a connection that is to be let in, or again for one that is open. Throws an error for the
 * peer where the token is another user's, or is over; and so where the one before it is.
 */
export const renew = async (keeping: Keeping, { userId, expiresAt }: Word, leadMs: number) => {
  const { plan, ports, received, box } = keeping
  const now = plan.clock.now()
  const user = userId === undefined ? undefined : named(userId)
  const at = expiresAt === undefined ? undefined : timeOf(expiresAt, now, 'token({ verify }): expiresAt')
  if (at !== undefined && at <= now) throw new UnauthenticatedError('The token has expired.')
  const next: Kept = { expiresAt: at, askAt: at === undefined ? undefined : askAt(at, now, leadMs) }
  if (box.shut) {
    keep(box, next)
    if (user !== undefined) await identify(keeping, user)
    return { expiresAt: at }
  }
  let before: string | undefined
  const fits = (record: ConnectionRecord) => {
    before = record.user
    return !isOver(record, now) && (before === undefined || before === user)
  }
  if (!(await write(keeping, { ...next, ...(user !== undefined && { user }) }, fits)))
    throw isOver({ ...NOBODY, ...keeping.seen }, now) ? expired() : new PermissionDeniedError(FOREIGN)
  if (user !== undefined) {
    // Also where it was this user's before: whoever died in between says it again.
    await joinNow(ports.memberships, received.connectionId, userChannel(user))
    if (before === undefined) await present(keeping)
  }
  return { expiresAt: at }
}

const FOREIGN = 'The token is another user’s than the one before it. Open a connection of its own with it.'

/** A user's id that no store would keep is a defect of the server: no peer has chosen it. */
const named = (userId: unknown): string => {
  try {
    return userName(userId)
  } catch (error) {
    throw new TypeError('token({ verify }) returned a userId that is none.', { cause: error })
  }
}

/** Before a message is handled that has nobody else to look at the time: refuse it, or ask for another token. */
export const mind = async (plan: Plan, received: Received, record: ConnectionRecord): Promise<void> => {
  if (isOver(record, plan.clock.now())) throw expired()
  await remind(plan, received, record)
}

/** Ask for another token, and fail no message over it. Once for each token, as far as this instance knows. */
export const remind = async (plan: Plan, received: Received, record: ConnectionRecord): Promise<void> => {
  const { connectionId } = received
  const { expiresAt } = record
  if (expiresAt === undefined || record.askAt === undefined) return
  if (reminded.get(plan)?.get(connectionId) === expiresAt) return
  await ask(plan, received, connectionId, expiresAt).catch((error: unknown) => report(plan, received, undefined, error))
}

/** Ask the peer for another token. `false` when it is gone. */
export const ask = (plan: Plan, via: Via, connectionId: string, expiresAt: number): Promise<boolean> => {
  const known = reminded.get(plan) ?? new Map<string, number>()
  reminded.set(plan, known)
  // The oldest goes, and is asked once more than it need be.
  const [oldest] = known.keys()
  if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest)
  known.set(connectionId, expiresAt)
  return send(plan, via, connectionId, plan.codec.push('$token', { expiresAt }))
}

/** Who was asked for another token than the one that is over then. */
const reminded = new WeakMap<Plan, Map<string, number>>()
/** An instance sees the messages of so many connections within a minute or so. */
const MAX_KNOWN = 1_000

/** From when on another token is asked for: no sooner than half of the time of this one is over. */
const askAt = (at: number, now: number, leadMs: number) => Math.ceil(Math.max(at - leadMs, (at + now) / 2))

const timeOf = (at: unknown, now: number, where: string): number => {
  need(Number.isSafeInteger(at), 'A time in epoch milliseconds, a whole number,', where)
  const time = Number(at)
  // What JWTs have as `exp`: soon, if it is seconds, and long ago, if it is not.
  if (time * 100 < now && time * 1000 > now)
    throw mistake('A time is in milliseconds, and this one looks like seconds: multiply it by 1000.', where)
  return time
}

/** Of a record that was not seen nothing is known. */
const NOBODY = { version: 0, connectedAt: 0, ttl: 0 }
