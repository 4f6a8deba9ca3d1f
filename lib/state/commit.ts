import type { Handled } from '../flow/handle.ts'
import type { Plan } from '../flow/plan.ts'
import type { Received } from '../flow/receive.ts'
import { report } from '../flow/report.ts'
import type { Outcome } from '../protocol/engine.ts'
import { act, type Drive, resultOf } from './drive.ts'
import { fail, farewell } from './outcome.ts'
import type { Protocol } from './protocol.ts'

/** Tell the engine what came of the handler; once that is stored, let out what the handler sent. */
export const commit = async (
  plan: Plan,
  protocol: Protocol,
  received: Received,
  name: string,
  driven: Drive<Outcome>,
  handled: Handled,
): Promise<void> => {
  const failure = handled.failure ?? (await handled.box.beforeCommit().then(() => undefined, failureOf))
  const settled = await driven.on(failure ? { ok: false, ...failure } : { ok: true, raised: handled.raised })
  const result = resultOf(settled)
  if (result.kind !== 'done') throw fail(protocol, name, result, driven.cause())
  // From here on the state stands. What fails now is reported, and changes nothing.
  const failures = [...(await handled.box.open())]
  act(result.actions, (error) => failures.push(error))
  for (const error of failures) await report(plan, received, name, error)
  if (result.final) handled.closing.reason ??= farewell(protocol, result.state)
}

const failureOf = (error: unknown): Handled['failure'] => ({ error })
