import type { Context as LambdaContext } from 'aws-lambda'
import type { WebSocketEvent } from '../event/event.ts'
import { connect } from '../flow/connect.ts'
import { disconnect } from '../flow/disconnect.ts'
import { message } from '../flow/message.ts'
import type { Plan } from '../flow/plan.ts'
import { type Received, receive } from '../flow/receive.ts'
import { serverOf } from '../flow/server.ts'
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
    if (!received) return Promise.resolve(NOT_OURS)
    // By event type, never by route: a client that sends { "action": "$connect" } reaches nothing.
    return PHASES[received.event.requestContext.eventType](plan, received)
  }
  // The plan is for a worker, whose events are none of API Gateway, and for whatever runs the application on a laptop.
  return Object.assign(handler, { server: serverOf(plan, () => plan.gatewayOf()), '~plan': plan })
}

// The table is the proof that the phase fits the event.
const PHASES = { MESSAGE: message, CONNECT: connect, DISCONNECT: disconnect } as unknown as Readonly<
  Record<WebSocketEvent['requestContext']['eventType'], (plan: Plan, received: Received) => Promise<Answer>>
>

const NOT_OURS: Answer = {
  statusCode: 400,
  body: 'This is no event of a WebSocket API: requestContext needs eventType, connectionId and apiId.',
}
