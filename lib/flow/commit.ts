import type { MessageEvent } from '../event/event.ts'
import type { Claimed } from './claim.ts'
import type { Handling } from './handle.ts'
import { farewell } from './outcome.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'
import { Fault } from './refuse.ts'
import { report } from './report.ts'

/** Make it true: store what the handler has earned, then let out what it sent. Throws when nothing was earned. */
export const commit = async (
  plan: Plan,
  received: Received<MessageEvent>,
  claimed: Claimed,
  handled: Handling,
): Promise<void> => {
  if (!plan.protocol) {
    if (handled.failure) throw new Fault(handled.failure.error)
    return
  }
  const failure = handled.failure ?? (await revoke(handled))
  const settled = await claimed.settle(failure ? { ok: false, ...failure } : { ok: true, raised: handled.raised })
  // From here on the state stands. What fails now is reported, and changes nothing.
  const failures = [...(await handled.outbox.open())]
  for (const action of settled.actions)
    try {
      action()
    } catch (error) {
      failures.push(error)
    }
  for (const error of failures) await report(plan, received, undefined, error)
  if (settled.final) handled.closing.reason ??= farewell(plan.protocol, settled.state)
}

const revoke = async ({ outbox }: Handling): Promise<Handling['failure']> => {
  try {
    await outbox.beforeCommit()
    return undefined
  } catch (error) {
    return { error }
  }
}
