import { InternalError } from '../errors.ts'
import type { Plan } from '../flow/plan.ts'
import { report } from '../flow/report.ts'
import type { State } from '../flow/state.ts'
import { end } from '../protocol/end.ts'
import { checkSize } from '../protocol/record.ts'
import type { Closed, ConnectionRecord, StoredState, StorePorts } from '../store/store.ts'
import { arm } from './arm.ts'
import { joinNow } from './channels.ts'
import { act, driveThrough, tokenOf } from './drive.ts'
import type { Protocol } from './protocol.ts'

/** From here on the connection has a record: with a protocol, at the machine's initial state. */
export const open =
  (store: StorePorts, protocol: Protocol | undefined): State['open'] =>
  async (plan, received, context, box) => {
    const { connectionId } = received
    const now = plan.clock.now()
    const { state, due, actions = [] } = protocol?.machine.start(protocol.input?.(context), now) ?? {}
    if (state) checkSize(state)
    const record: ConnectionRecord = {
      version: 1,
      connectedAt: now,
      ttl: Math.ceil((now + RECORD_MS) / 1000),
      ...(protocol && { machine: protocol.machine.version }),
      ...(state && { state }),
      ...(due && due.length > 0 && { due }),
    }
    if (!(await store.records.create(connectionId, record)))
      throw new InternalError(`There is a record of the connection '${connectionId}' already.`)
    try {
      for (const channel of box.changes?.join ?? []) await joinNow(store.memberships, connectionId, channel)
    } catch (error) {
      // The peer was to be let in and then could not be: nothing of it may stay.
      await expel(store, connectionId)
      throw error
    }
    act(actions)
    if (protocol)
      await arm(protocol, connectionId, received.event.requestContext, undefined, record).catch((error: unknown) =>
        report(plan, received, undefined, error),
      )
  }

/** No message can have come of it: its record goes, and then its memberships. */
const expel = async ({ records, memberships }: StorePorts, connectionId: string) => {
  await records.delete(connectionId)
  for (const channel of await memberships.channels(connectionId)) await memberships.leave(connectionId, channel)
}

export const close =
  (store: StorePorts, protocol: Protocol | undefined): State['close'] =>
  async (plan, { connectionId, lambda }) => {
    const { first, record } = await release(plan, store, protocol, connectionId, 'disconnect', lambda?.awsRequestId)
    return { first, snapshot: record?.state && protocol && snapshotOf(protocol, record.state, record.machine) }
  }

/**
 * The same, when a post has found nobody there. Not while the handshake may still be on its way back: until API Gateway
 * has the answer of `$connect`, posts to the connection meet a 410 too.
 */
export const forget =
  (store: StorePorts, protocol: Protocol | undefined): State['forget'] =>
  async (plan, connectionId) => {
    const record = await store.records.read(connectionId)
    if (record && plan.clock.now() - record.connectedAt < CONNECTING_MS) return
    await release(plan, store, protocol, connectionId, 'gone', undefined)
  }

/** The last state, as this version of the machine knows it. */
const snapshotOf = ({ machine }: Protocol, state: StoredState, version: string | undefined): unknown => {
  const known = version === machine.version ? state : machine.migrate(state, version)
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
  const { result } = await driveThrough(plan, store, connectionId, end(closed, protocol?.resume !== undefined))
  return result
}

/** An integration has 29 s to answer (WebSocket API quotas). */
const CONNECTING_MS = 30_000
/** API Gateway ends a connection after two hours (WebSocket API quotas); a quarter of an hour for late messages. */
export const RECORD_MS = 2 * 60 * 60 * 1000 + 15 * 60 * 1000
