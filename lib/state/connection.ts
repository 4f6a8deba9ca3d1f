import { InternalError } from '../errors.ts'
import { report } from '../flow/report.ts'
import type { State } from '../flow/state.ts'
import { checkSize } from '../protocol/record.ts'
import type { ConnectionRecord, StorePorts } from '../store/store.ts'
import { arm } from './arm.ts'
import { joinNow } from './channels.ts'
import { act } from './drive.ts'
import type { Protocol } from './protocol.ts'
import { changesOf, kept } from './wishes.ts'

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
      ...kept(box),
    }
    if (!((await store.records.create(connectionId, record)) || (await isOurs(store, connectionId, record))))
      throw new InternalError(`There is a record of the connection '${connectionId}' already.`)
    try {
      for (const channel of changesOf(box)?.join ?? []) await joinNow(store.memberships, connectionId, channel)
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

/** A client of a store may send a call again whose answer was lost, and then it is its own record that is in the way. */
const isOurs = async ({ records }: StorePorts, connectionId: string, record: ConnectionRecord) =>
  JSON.stringify(await records.read(connectionId)) === JSON.stringify(record)

/** No message can have come of it: its record goes, and then its memberships. */
const expel = async ({ records, memberships }: StorePorts, connectionId: string) => {
  await records.delete(connectionId)
  for (const channel of await memberships.channels(connectionId)) await memberships.leave(connectionId, channel)
}

/** API Gateway ends a connection after two hours (WebSocket API quotas); a quarter of an hour for late messages. */
export const RECORD_MS = 2 * 60 * 60 * 1000 + 15 * 60 * 1000
