import { WsError } from '../errors.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'

/**
 * Tell the owner of a failure. Resolves with the error that `onError` wants the peer to be told instead.
 *
 * Without `onError` the failure goes to the log, unless it is a refusal that a handler chose to throw.
 */
export const report = async (
  plan: Plan,
  { event, connection, lambda, lifetime, gateway }: Received,
  name: string | undefined,
  error: unknown,
): Promise<WsError | undefined> => {
  if (!plan.onError) {
    if (!(error instanceof WsError) || error.code === 'INTERNAL' || error.cause !== undefined) console.error(error)
    return undefined
  }
  try {
    const told = await plan.onError(error, {
      phase: event.requestContext.eventType.toLowerCase(),
      connection,
      event,
      lambda,
      name: name || undefined,
      get signal() {
        return lifetime.signal
      },
      server: plan.serverOf(gateway),
    })
    return told instanceof WsError ? told : undefined
  } catch (failure) {
    console.error(error)
    console.error(failure)
    return undefined
  }
}
