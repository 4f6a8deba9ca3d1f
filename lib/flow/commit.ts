import type { MessageEvent } from '../event/event.ts'
import type { Claimed } from './claim.ts'
import type { Handled } from './handle.ts'
import { farewell } from './outcome.ts'
import type { Plan, Protocol } from './plan.ts'
import type { Received } from './receive.ts'
import { Fault } from './refuse.ts'
import { report } from './report.ts'

/** Make it true: store what the handler has earned, then let out what it sent. Throws when nothing was earned. */
export const commit = (
  plan: Plan,
  received: Received<MessageEvent>,
  claimed: Claimed,
  handled: Handled,
): Promise<void> | undefined => {
  if (plan.protocol) return store(plan, plan.protocol, received, claimed, handled)
  if (handled.failure) throw new Fault(handled.failure.error)
  return undefined
}

const store = async (
  plan: Plan,
  protocol: Protocol,
  received: Received<MessageEvent>,
  claimed: Claimed,
  handled: Handled,
): Promise<void> => {
  const failure = handled.failure ?? (await revoke(handled))
  const settled = await claimed.settle(failure ? { ok: false, ...failure } : { ok: true, raised: handled.raised })
  // From here on the state stands. What fails now is reported, and changes nothing.
  const failures = [...(await handled.box.open())]
  for (const action of settled.actions)
    try {
      action()
    } catch (error) {
      failures.push(error)
    }
  for (const error of failures) await report(plan, received, undefined, error)
  if (settled.final) handled.closing.reason ??= farewell(protocol, settled.state)
}

const revoke = async ({ box }: Handled): Promise<Handled['failure']> => {
  try {
    await box.beforeCommit()
    return undefined
  } catch (error) {
    return { error }
  }
}
