import type { PeerError, WsError } from '../errors.ts'
import type { Frame } from './codec.ts'

/**
 * The same error, which says whose message it refuses although that was never read as a whole: the answer to it then
 * carries the message's id. `id` is as `Codec.read` would have it.
 */
export const addressed = <Refusal extends WsError>(error: Refusal, id: string | undefined): Refusal => {
  const told = error.toPeer()
  refused.set(told, { action: '', id, data: undefined })
  error.toPeer = () => told
  return error
}

/** The message that an error of `addressed` refuses. */
export const refusedBy = (error: PeerError): Frame | undefined => refused.get(error)

/** Beside the errors and not in them: what is in them is written to the peer. */
const refused = new WeakMap<PeerError, Frame>()
