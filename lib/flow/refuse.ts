import { InternalError, type PeerError, WsError } from '../errors.ts'
import type { MessageEvent } from '../event/event.ts'
import type { Answer } from '../types/app.ts'
import { fits, part, send } from './deliver.ts'
import { Fault, Flaw, Parting } from './fault.ts'
import * as flaws from './flaws.ts'
import { report } from './owner.ts'
import type { Parsed } from './parse.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'

/** Tell the peer why its message failed. Never throws: there is nobody left to tell. */
export const refuse = async (
  plan: Plan,
  received: Received<MessageEvent>,
  parsed: Parsed | undefined,
  thrown: unknown,
): Promise<Answer> => {
  try {
    const error = thrown instanceof Flaw ? thrown.said(flaws) : thrown
    const cause = error instanceof Fault ? error.cause : error
    if (cause instanceof Parting) {
      if (cause.error) await say(plan, received, parsed, cause.error.toPeer())
      await part(plan, received, received.connectionId, cause.code, cause.message)
      return OK
    }
    // What the library refuses on its own account is the peer's mistake, and no news to the owner. What has a cause is.
    if (error instanceof WsError && !error.cause) return await say(plan, received, parsed, error.toPeer())
    return await say(plan, received, parsed, await peerError(plan, received, parsed, cause))
  } catch (failure) {
    await report(plan, received, parsed?.action, failure)
    return OK
  }
}

const say = async (plan: Plan, received: Received, parsed: Parsed | undefined, error: PeerError): Promise<Answer> => {
  const frame = await encode(plan, received, parsed, error)
  if (frame === undefined) return OK
  if (plan.replies === 'route-response') return { statusCode: 200, body: frame }
  await send(plan, received, received.connectionId, frame)
  return OK
}

/** Details that cannot be written, or would not fit, must not cost the peer its answer. */
const encode = async (
  plan: Plan,
  received: Received,
  parsed: Parsed | undefined,
  error: PeerError,
): Promise<string | undefined> => {
  try {
    const frame = plan.codec.error(parsed, error)
    if (frame !== undefined) await fits(plan, frame)
    return frame
  } catch (failure) {
    await report(plan, received, parsed?.action, new Error('An error could not be sent as it is.', { cause: failure }))
    return plan.codec.error(parsed, { code: error.code, message: error.message.slice(0, MAX_MESSAGE) })
  }
}

/** What is left of the message of an error that could not be sent as it was. */
const MAX_MESSAGE = 1_000

const peerError = async (plan: Plan, received: Received, parsed: Parsed | undefined, cause: unknown) => {
  const told = await report(plan, received, parsed?.action, cause)
  return errorFor(cause, told).toPeer()
}

/** What a failure is to the peer: what `onError` made of it, or itself, or nothing to know of. */
export const errorFor = (cause: unknown, told: WsError | undefined): WsError =>
  told ?? (cause instanceof WsError ? cause : new InternalError('', { cause }))

const OK: Answer = { statusCode: 200 }
