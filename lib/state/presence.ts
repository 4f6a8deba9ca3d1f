import { keyIn, latestOf, listOf, type Noted, notedBy, noteOf, type Presence, seatsOf } from '../channel/presence.ts'
import { FailedPreconditionError, ResourceExhaustedError } from '../errors.ts'
import type { Via } from '../flow/deliver.ts'
import type { Plan } from '../flow/plan.ts'
import { valid } from '../schema.ts'
import { presenceChannel, presentIn } from '../store/own-channels.ts'
import type { ConnectionRecord, StorePorts } from '../store/store.ts'
import type { Acting } from './channels.ts'
import { keepIn, memoryOf } from './presence-memory.ts'
import { isCounted, type Stage, tell } from './presence-news.ts'

/**
 * Be present in a channel, with something to say of oneself. Its members are told, once for a user: several connections
 * of one user are one presence, and say what the last of them has said.
 *
 * Throws a TypeError for what does not fit the schema, and a ResourceExhaustedError for more than 256 bytes of JSON.
 */
export const track = async (acting: Acting, channel: string, given: unknown): Promise<void> => {
  const { plan, ports, rules, received, box } = acting
  if (!rules.presence)
    throw new TypeError('Nothing is said of who is present: declare it with .channels({ presence: schema }).')
  const meta = await valid(rules.presence, given, 'What is said of whoever is present')
  const bytes = Buffer.byteLength(JSON.stringify(meta) ?? '')
  if (bytes > MAX_META_BYTES)
    throw new ResourceExhaustedError(
      `What is said of whoever is present takes ${bytes} bytes; ${MAX_META_BYTES} are allowed.`,
      { details: { bytes, maxBytes: MAX_META_BYTES } },
    )
  await box.send(() => appear({ plan, ports, via: received, channel }, received.connectionId, meta))
}

/** Be present no more. The members are told where it was the user's last connection there. */
export const untrack = async ({ plan, ports, received, box }: Acting, channel: string): Promise<void> =>
  box.send(() => vanish({ plan, ports, via: received, channel }, received.connectionId))

/** Who is present, one for a user. Reads all pages. */
export const list = ({ memberships }: StorePorts, channel: string): Promise<Presence[]> => listOf(memberships, channel)

/** `identify()` has said whose connection it is: where it is present, it is so as that user from now on. */
export const identified = async (plan: Plan, ports: StorePorts, via: Via, connectionId: string): Promise<void> => {
  for (const channel of presencesAmong(await ports.memberships.channels(connectionId))) {
    const mine = await notedBy(ports.memberships, channel, connectionId)
    if (mine) await appear({ plan, ports, via, channel }, connectionId, mine.meta)
  }
}

/**
 * A connection has ended, and is in none of its channels any more. Those who stay are told where it was a user's last:
 * `notes` says as whom it was present, which the record need not say yet.
 */
export const ended = async (
  plan: Plan,
  ports: StorePorts,
  via: Via,
  connectionId: string,
  record: ConnectionRecord | undefined,
  channels: readonly string[],
  notes: ReadonlyMap<string, string>,
): Promise<void> => {
  const failures: unknown[] = []
  for (const channel of presencesAmong(channels)) {
    const stage = { plan, ports, via, channel }
    const noted = keyIn(notes.get(presenceChannel(channel)))
    try {
      await again(plan, () => absent(stage, [...new Set([noted ?? connectionId, record?.user ?? connectionId])]))
    } catch (error) {
      // A channel that cannot be told keeps no other one from being told.
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

/** Tell of those keys by which nobody is present any more. */
const absent = async (stage: Stage, keys: readonly string[]): Promise<void> => {
  const { memberships } = stage.ports
  const gone: string[] = []
  for (const key of keys)
    if (isCounted(stage) || (await seatsOf(memberships, stage.channel, key)).size === 0) gone.push(key)
  if (gone.length > 0) await tell(stage, gone)
}

/** Nobody comes back to a connection that has ended: what fails is tried again at once. */
const again = async (plan: Plan, work: () => Promise<void>): Promise<void> => {
  for (let attempt = 0; attempt < ATTEMPTS - 1; attempt++)
    try {
      return await work()
    } catch {
      await plan.clock.wait(Math.round(plan.random() * WAIT_MS * 2 ** attempt))
    }
  await work()
}

/**
 * Take a seat, and say so unless another connection of the user has said the same, before and after. Who comes while
 * another one leaves is told of twice at times, and never not at all: each looks at who is there once it has come or
 * gone.
 */
const appear = async (
  stage: Stage,
  connectionId: string,
  meta: unknown,
  news: readonly string[] = [],
): Promise<void> => {
  const { plan, ports, channel } = stage
  const { memberships } = ports
  const key = await keyOf(ports, connectionId)
  const mine = await notedBy(memberships, channel, connectionId)
  const before = isCounted(stage) ? undefined : await seatsOf(memberships, channel, key)
  const last = before && latestOf(before)
  const isSaid = last !== undefined && same(last.meta, meta)
  if (mine?.key === key && same(mine.meta, meta) && (isSaid || !before)) return remind(stage, connectionId, mine)

  const noted = { key, meta, at: Math.max(plan.clock.now(), (last?.at ?? 0) + 1) }
  if (!(await memberships.join(connectionId, presenceChannel(channel), noteOf(noted))))
    throw new FailedPreconditionError('This connection is closed, or older than the store. Connect again.')
  const changed = new Set(mine && mine.key !== key ? [...news, mine.key] : news)
  // Another message of this connection may have come between. Either it has seen the seat, or this sees what it did.
  if ((await keyOf(ports, connectionId)) !== key) return appear(stage, connectionId, meta, [...changed, key])
  if (!(await memberships.has(connectionId, channel))) await memberships.leave(connectionId, presenceChannel(channel))
  else if (before && isSaid) {
    const others = await seatsOf(memberships, channel, key)
    if (![...others.keys()].some((id) => id !== connectionId && before.has(id))) changed.add(key)
  } else changed.add(key)
  if (changed.size > 0) await tell(stage, [...changed])
  keepIn(memoryOf(stage).told, seatName(stage, connectionId, noted), true)
}

/**
 * Nothing has changed, so nothing is said; but whoever took this seat a moment ago may have died before it told anybody,
 * and the peer has sent its message again.
 */
const remind = async (stage: Stage, connectionId: string, mine: Noted): Promise<void> => {
  const { told } = memoryOf(stage)
  const name = seatName(stage, connectionId, mine)
  if (told.has(name) || stage.plan.clock.now() - mine.at > RETRIED_MS) return
  await tell(stage, [mine.key])
  keepIn(told, name, true)
}

const vanish = async (stage: Stage, connectionId: string): Promise<void> => {
  const { channel, ports } = stage
  const mine = await notedBy(ports.memberships, channel, connectionId)
  if (!mine) return
  await ports.memberships.leave(connectionId, presenceChannel(channel))
  // It may have been given to a user meanwhile, and have left as that one.
  const key = await keyOf(ports, connectionId)
  if (key !== mine.key) return tell(stage, [mine.key, key])
  const last = isCounted(stage) ? undefined : latestOf(await seatsOf(ports.memberships, channel, mine.key))
  // What its other connections say holds already, unless this one had the last word.
  if (last && (last.at > mine.at || same(last.meta, mine.meta))) return
  await tell(stage, [mine.key])
}

/** Whose connection it is. The record says so; the context of a handler need not have seen it. */
const keyOf = async ({ records }: StorePorts, connectionId: string): Promise<string> =>
  (await records.read(connectionId))?.user ?? connectionId

const presencesAmong = (channels: readonly string[]): string[] =>
  channels.flatMap((name) => {
    const channel = presentIn(name)
    return channel === undefined ? [] : [channel]
  })

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

const seatName = ({ channel }: Stage, connectionId: string, { at }: Noted) => `${connectionId}\n${channel}\n${at}`

const ATTEMPTS = 4
const WAIT_MS = 50
/** What DynamoDB bills by the kilobyte, and what every member is sent. */
const MAX_META_BYTES = 256
/** API Gateway waits 29 s for an integration, and a peer that was not answered tries again soon after. */
const RETRIED_MS = 60_000
