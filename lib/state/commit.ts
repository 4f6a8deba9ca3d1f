import { AbortedError } from '../errors.ts'
import type { Handled } from '../flow/handle.ts'
import type { Plan } from '../flow/plan.ts'
import type { Received } from '../flow/receive.ts'
import { report } from '../flow/report.ts'
import type { Outcome } from '../protocol/engine.ts'
import type { MembershipChanges, StorePorts } from '../store/store.ts'
import { act, type Drive, resultOf } from './drive.ts'
import { fail, farewell } from './fail.ts'
import type { Protocol } from './protocol.ts'
import { changesOf, kept } from './wishes.ts'

/** Tell the engine what came of the handler; once that is stored, let out what the handler sent. */
export const commit = async (
  plan: Plan,
  store: StorePorts,
  protocol: Protocol,
  received: Received,
  name: string,
  driven: Drive<Outcome>,
  handled: Handled,
): Promise<void> => {
  const { box, raised, closing } = handled
  const changes = changesOf(box)
  const { commit: whole } = store
  const { connectionId } = received
  // A store that cannot do both at once: revoked before the commit, granted after it and before the claim ends. At no
  // moment, not even after a crash, is somebody a member whom the state does not permit.
  const apart = whole ? undefined : changes
  const failure = handled.failure ?? (await revoke(store, connectionId, apart))
  const settled = await driven.on(
    failure
      ? { ok: false, ...failure }
      : {
          ok: true,
          raised,
          kept: kept(box),
          ...(whole && changes && { changes }),
          ...(apart && { joins: apart.join }),
        },
  )
  const result = resultOf(settled)
  if (result.kind !== 'done') throw await fail(protocol, name, result, driven.cause)
  // From here on the state stands. What fails now is reported, and changes nothing.
  const failures: unknown[] = []
  if (apart && apart.join.length > 0 && driven.cause) failures.push(driven.cause)
  if (result.withdrawn) failures.push(new Error(`${WITHDRAWN} ${result.withdrawn.join(', ')}.`))
  failures.push(...(await box.open()))
  act(result.actions, (error) => failures.push(error))
  await protocol.resume
    ?.offer(plan, received, driven.first, driven.last)
    .catch((error: unknown) => failures.push(error))
  for (const error of failures) await report(plan, received, name, error)
  if (result.final) closing.reason ??= await farewell(protocol, result.state)
}

const WITHDRAWN =
  'A function slept between its commit and its joins, and another message has gone on: it is no member of'

const UNREVOKED =
  'The store did not answer, and nothing of this message was kept. Send the message again with the same id.'

const revoke = async (
  { memberships }: StorePorts,
  connectionId: string,
  changes: MembershipChanges | undefined,
): Promise<Handled['failure']> => {
  try {
    for (const channel of changes?.leave ?? []) await memberships.leave(connectionId, channel)
    return undefined
  } catch (cause) {
    return { error: new AbortedError(UNREVOKED, { cause }) }
  }
}
