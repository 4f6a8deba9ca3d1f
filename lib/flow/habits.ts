import type { Plan, Route } from './plan.ts'

/** Say what works and was probably not meant. */
export const warnOf = ({ warn }: Plan, { name }: Route, isStatus: boolean, isFlying: boolean): void => {
  if (isStatus)
    warn({
      code: 'STATUS_AS_REPLY',
      message: `The handler of '${name}' returned { statusCode }, and the peer got it as its reply.`,
      fix: 'Return the reply itself. To refuse a message, throw a WsError.',
    })
  if (isFlying)
    warn({
      code: 'UNAWAITED_SEND',
      message: `The handler of '${name}' returned while something that it sent was still on its way.`,
      fix: 'Await every push and broadcast, or its failure comes too late to fail the message.',
    })
}
