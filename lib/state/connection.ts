import { InternalError } from '../errors.ts'
import type { Plan } from '../flow/plan.ts'
import type { State } from '../flow/state.ts'
import { bury } from '../protocol/engine.ts'
import { checkSize } from '../protocol/record.ts'
import type { Closed, ConnectionRecord, StorePorts } from '../store/store.ts'
import { act, driveThrough, tokenOf } from './drive.ts'
import type { Protocol } from './protocol.ts'

/** From here on the connection has a record: with a protocol, at the machine's initial state. */
export const open =
  (store: StorePorts, protocol: Protocol | undefined): State['open'] =>
  async (plan, { connectionId, lambda }, context, box) => {
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
    const [failure] = await box.open()
    if (failure === undefined) return act(actions)
    // The peer was let in and then could not be: nothing of it may stay.
    await release(plan, store, connectionId, 'disconnect', lambda?.awsRequestId)
    throw failure
  }

/** The tombstone comes first: it fences whatever is still running, and no join can slip in behind the clean-up. */
export const close =
  (store: StorePorts, protocol: Protocol | undefined): State['close'] =>
  async (plan, { connectionId, lambda }) => {
    const { first, record } = await release(plan, store, connectionId, 'disconnect', lambda?.awsRequestId)
    return { first, snapshot: record?.state && protocol?.machine.snapshot(record.state) }
  }

/**
 * The same, when a post has found nobody there. Not while the handshake may still be on its way back: until API Gateway
 * has the answer of `$connect`, posts to the connection meet a 410 too.
 */
export const forget =
  (store: StorePorts): State['forget'] =>
  async (plan, connectionId) => {
    const record = await store.records.read(connectionId)
    if (record && plan.clock.now() - record.connectedAt < CONNECTING_MS) return
    await release(plan, store, connectionId, 'gone', undefined)
  }

const release = async (
  plan: Plan,
  store: StorePorts,
  connectionId: string,
  by: Closed['by'],
  requestId: string | undefined,
) => {
  const { result } = await driveThrough(plan, store, connectionId, bury({ by, token: tokenOf(plan, requestId) }))
  await store.memberships.leaveAll(connectionId)
  return result
}

/** An integration has 29 s to answer (WebSocket API quotas). */
const CONNECTING_MS = 30_000
/** API Gateway ends a connection after two hours (WebSocket API quotas); a quarter of an hour for late messages. */
const RECORD_MS = 2 * 60 * 60 * 1000 + 15 * 60 * 1000
