import type { Gateway } from '../gateway/gateway.ts'
import { later } from '../store/later.ts'
import { part, send } from './deliver.ts'
import type { Plan } from './plan.ts'
import { pushFrame } from './push.ts'

/** The server's side of its connections; `gateway` says how to reach them, and is asked when something is sent. */
export const serverOf = (plan: Plan, gateway: () => Gateway) => ({
  connection: (id: string) => ({
    push: async (name: string, data: unknown) =>
      send(plan, { gateway: gateway() }, id, await pushFrame(plan, name, data)),
    goAway: async (message = 'Open another connection, then close this one.') =>
      send(plan, { gateway: gateway() }, id, plan.codec.push('$bye', { code: 'GOING_AWAY', message })),
    close: async (reason = CLOSED) => part(plan, { gateway: gateway() }, id, 'OK', reason),
    info: async () => gateway().info(id),
    ...plan.state?.inConnection(plan, gateway, id),
  }),
  reply: async (...given: readonly [string, unknown]) => (await answering()).reply(plan, ...given),
  progress: async (...given: readonly [string, unknown]) => (await answering()).progress(plan, ...given),
  ...plan.state?.inServer(plan, gateway),
})

/** Loaded with the first answer that comes from elsewhere. */
const answering = later(() => import('./answer.ts'))

/** What a closed connection is told when no reason was given. */
export const CLOSED = 'The server has closed the connection.'
