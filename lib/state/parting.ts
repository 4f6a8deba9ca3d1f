import type { Via } from '../flow/deliver.ts'
import type { Plan } from '../flow/plan.ts'
import { reach } from '../flow/reach.ts'
import type { Received } from '../flow/receive.ts'
import { report } from '../flow/report.ts'
import type { Farewell } from '../flow/state.ts'
import { type Ended, end } from '../protocol/end.ts'
import type { Closed, StoredState, StorePorts } from '../store/store.ts'
import { driveThrough, tokenOf } from './drive.ts'
import type { Protocol } from './protocol.ts'
import type { ChannelRules } from './rules.ts'

/** `$disconnect` came: the connection is closed for good, and is in no channel. What fails besides keeps no handler. */
export const close = async (
  plan: Plan,
  store: StorePorts,
  protocol: Protocol | undefined,
  rules: ChannelRules,
  received: Received,
): Promise<Farewell> => {
  const { connectionId, lambda } = received
  const ended = await release(plan, store, protocol, connectionId, 'disconnect', lambda?.awsRequestId)
  const { first, record, untidy } = ended
  await absent(plan, store, rules, received, connectionId, ended).catch((error: unknown) =>
    report(plan, received, undefined, error),
  )
  if (untidy) await report(plan, received, undefined, untidy)
  if (!record?.state || !protocol) return { first, record }
  try {
    return { first, record, snapshot: snapshotOf(protocol, record.state, record.machine) }
  } catch (error) {
    // The machine's own code: the handler runs, and sees no state.
    await report(plan, received, undefined, error)
    return { first, record }
  }
}

/**
 * The same, when a post has found nobody there. Not while the handshake may still be on its way back: until API Gateway
 * has the answer of `$connect`, posts to the connection meet a 410 too.
 */
export const forget = async (
  plan: Plan,
  store: StorePorts,
  protocol: Protocol | undefined,
  rules: ChannelRules,
  connectionId: string,
): Promise<void> => {
  const record = await store.records.read(connectionId)
  if (record && plan.clock.now() - record.connectedAt < CONNECTING_MS) return
  const ended = await release(plan, store, protocol, connectionId, 'gone', undefined)
  await absent(plan, store, rules, { gateway: reach(plan) }, connectionId, ended)
  if (ended.untidy) throw ended.untidy
}

/** Tell those who are still there that it is present no more. */
const absent = async (
  plan: Plan,
  store: StorePorts,
  rules: ChannelRules,
  via: Via,
  connectionId: string,
  { record, channels, notes }: Released,
): Promise<void> => {
  if (!rules.presence || channels.length === 0) return
  const { ended } = await import('./presence.ts')
  await ended(plan, store, via, connectionId, record, channels, notes)
}

/** An end, with what was noted of the connection where it was present. */
type Released = Ended & { readonly notes: ReadonlyMap<string, string> }

/** The last state, as this version of the machine knows it. */
const snapshotOf = ({ machine }: Protocol, state: StoredState, version: string | undefined): unknown => {
  const known = version === machine.version ? state : machine.migrate({ state, due: [] }, version, 0)?.state
  return known && machine.snapshot(known)
}

const release = async (
  plan: Plan,
  store: StorePorts,
  protocol: Protocol | undefined,
  connectionId: string,
  by: Closed['by'],
  requestId: string | undefined,
) => {
  const closed = { by, token: tokenOf(plan, requestId), at: plan.clock.now() }
  const engine = end(closed, protocol?.resume !== undefined)
  const { result, driven } = await driveThrough(plan, store, connectionId, engine)
  return { ...result, notes: driven.notes }
}

/** An integration has 29 s to answer (WebSocket API quotas). */
const CONNECTING_MS = 30_000
