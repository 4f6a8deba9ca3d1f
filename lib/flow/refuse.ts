import { InternalError, type PeerError, WsError } from '../errors.ts'
import type { MessageEvent } from '../event/event.ts'
import type { Answer } from '../types/app.ts'
import { fits, part, send } from './deliver.ts'
import type { Parsed } from './parse.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'
import { report } from './report.ts'

/** A failure of the server or of its handlers. The owner hears of it; the peer hears what it may. */
export class Fault extends Error {
  constructor(cause: unknown) {
    super('', { cause })
  }
}

/** The end of the connection: a last word, if there is somebody to hear it, and it is closed. */
export class Parting extends Error {
  readonly error: WsError | undefined
  /** The code of `$bye`. Without one nothing is said. */
  readonly code: string | undefined

  constructor(message: string, error?: WsError, code?: string) {
    super(message)
    this.error = error
    this.code = code
  }
}

/** Tell the peer why its message failed. Never throws: there is nobody left to tell. */
export const refuse = async (
  plan: Plan,
  received: Received<MessageEvent>,
  parsed: Parsed | undefined,
  error: unknown,
): Promise<Answer> => {
  try {
    if (error instanceof Parting) {
      if (error.error) await say(plan, received, parsed, error.error.toPeer())
      await part(plan, received, received.connectionId, error.code, error.message)
      return OK
    }
    // What the library refuses on its own account is the peer's mistake, and no news to the owner.
    if (error instanceof WsError) return await say(plan, received, parsed, error.toPeer())
    const cause = error instanceof Fault ? error.cause : error
    return await say(plan, received, parsed, await peerError(plan, received, parsed, cause))
  } catch (failure) {
    await report(plan, received, parsed?.action, failure)
    return OK
  }
}

const say = async (plan: Plan, received: Received, parsed: Parsed | undefined, error: PeerError): Promise<Answer> => {
  const frame = await encode(plan, received, parsed, error)
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
): Promise<string> => {
  try {
    const frame = plan.codec.error(parsed, error)
    fits(frame)
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
