import type { Context as LambdaContext } from 'aws-lambda'
import type { ConnectEvent, DisconnectEvent, WebSocketEvent } from '../event/event.ts'
import { message } from '../flow/message.ts'
import type { Plan } from '../flow/plan.ts'
import { reach } from '../flow/reach.ts'
import { type Received, receive } from '../flow/receive.ts'
import { serverOf } from '../flow/server.ts'
import { later } from '../store/later.ts'
import type { Answer } from '../types/app.ts'
import type { Options } from '../types/options.ts'
import { type Step, sort } from './parts.ts'
import { planOf } from './plan.ts'

/** Compile a chain to a Lambda handler. Every mistake that can be seen before the first event is thrown here. */
export const compile = (options: Options, steps: readonly Step[]) => {
  const plan = planOf(options, sort(steps))
  let first = true

  const handler = (event: unknown, lambda: LambdaContext): Promise<Answer> => {
    if (first) {
      first = false
      if (process.env.AWS_LAMBDA_FUNCTION_NAME) plan.state?.warnOnLambda(plan.warn)
    }
    const received = receive(plan, event, lambda)
    if (!received) return notOurs()
    // By event type, never by route: a client that sends { "action": "$connect" } reaches nothing.
    return PHASES[received.event.requestContext.eventType](plan, received)
  }
  // The plan is for a worker, whose events are none of API Gateway, and for whatever runs the application on a laptop.
  return Object.assign(handler, { server: serverOf(plan, () => reach(plan)), '~plan': plan })
}

const connect = async (plan: Plan, received: Received<ConnectEvent>) => (await connecting()).connect(plan, received)
const disconnect = async (plan: Plan, received: Received<DisconnectEvent>) =>
  (await disconnecting()).disconnect(plan, received)
// Loaded when they are needed: a function may see no handshakes, nobody waits for a farewell, and few events are none of
// API Gateway's.
const connecting = later(() => import('../flow/connect.ts'))
const disconnecting = later(() => import('../flow/disconnect.ts'))
const notOurs = async () => (await import('../flow/turn-away.ts')).NOT_OURS

// The table is the proof that the phase fits the event.
const PHASES = { MESSAGE: message, CONNECT: connect, DISCONNECT: disconnect } as unknown as Readonly<
  Record<WebSocketEvent['requestContext']['eventType'], (plan: Plan, received: Received) => Promise<Answer>>
>
