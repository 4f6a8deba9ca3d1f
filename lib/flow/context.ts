import type { Context as LambdaContext } from 'aws-lambda'
import type { EventObject } from 'xstate'
import type { MessageEvent, WebSocketEvent } from '../event/event.ts'
import type { Outbox } from '../gateway/outbox.ts'
import { later } from '../store/later.ts'
import type { Connection } from '../types/context.ts'
import type { Claimed } from './claim.ts'
import { send } from './deliver.ts'
import type { Lifetime } from './lifetime.ts'
import type { Parsed } from './parse.ts'
import type { Plan, Route } from './plan.ts'
import { pushFrame } from './push.ts'
import type { Received } from './receive.ts'
import { CLOSED } from './server.ts'

/** A message under way, and where the output of its handler goes. */
export interface Out {
  readonly plan: Plan
  readonly received: Received<MessageEvent>
  readonly parsed: Parsed
  readonly box: Outbox
  readonly raised: EventObject[]
  readonly closing: Closing
  /** The reply, ready to be sent: what cannot be written as JSON fails the message and not its answer. */
  answer: string | undefined
  /** What the handler returns is no reply: that comes from elsewhere, or is put into `answer`. */
  later: boolean
}

/** The wish to part, carried out after everything else has left. */
export interface Closing {
  reason: string | undefined
}

/** What every phase is given. */
export class Context {
  readonly connection: Connection
  readonly authorizer: unknown
  readonly event: WebSocketEvent
  readonly lambda: LambdaContext
  readonly server: unknown
  readonly #lifetime: Lifetime

  constructor(plan: Plan, { connection, authorizer, event, lambda, gateway, lifetime }: Received) {
    this.connection = connection
    this.authorizer = authorizer
    this.event = event
    this.lambda = lambda
    this.server = plan.serverOf(gateway)
    this.#lifetime = lifetime
  }

  /** A getter: a signal costs a timer, and most handlers want none. */
  get signal(): AbortSignal {
    return this.#lifetime.signal
  }
}

/** What the handler of a message is given. Its functions are closures: `({ push, channel })` is safe. */
export class MessageContext extends Context {
  readonly phase = 'message'
  readonly name: string
  readonly id: string | undefined
  readonly data: unknown
  readonly idempotencyKey: string
  readonly push: (name: string, data: unknown, options?: { readonly now?: boolean }) => Promise<void>
  readonly close: (reason?: string) => Promise<void>
  declare readonly progress: (data: unknown) => Promise<void>
  readonly #out: Out

  /** For what an application brings along, by an option or a middleware. `undefined` for every other phase. */
  static outOf(context: object): Out | undefined {
    return #out in context ? context.#out : undefined
  }

  constructor(out: Out, route: Route, data: unknown, claimed: Claimed) {
    const { plan, received, parsed, box, closing } = out
    super(plan, received)
    this.#out = out
    const { session = received.connectionId } = claimed
    const { connectionId, event } = received
    const { id } = parsed
    this.name = route.name
    this.id = id
    this.data = data
    // Apart, so that no peer can name another message of its own by API Gateway's id of it.
    this.idempotencyKey = `${session}/${id === undefined ? `#${event.requestContext.messageId}` : `id/${id}`}`
    const say = async (push: string, pushed: unknown, now: boolean) => {
      const frame = await pushFrame(plan, push, pushed)
      const leave = async () => void (await send(plan, received, connectionId, frame))
      await (now ? leave() : box.send(leave))
    }
    this.push = (push, pushed, { now = false } = {}) => box.track(say(push, pushed, now))
    this.close = async (reason = CLOSED) => {
      closing.reason ??= reason
    }
    if (route.progress) this.progress = (step) => box.track(progressing().then(({ tell }) => tell(out, route, step)))
    plan.state?.inMessage(this, out, claimed)
  }
}

/** Loaded when a handler first says how far it is. */
const progressing = later(() => import('./progress.ts'))
