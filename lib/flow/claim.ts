import type { MessageEvent } from '../event/event.ts'
import type { Handled } from '../protocol/effect.ts'
import { message as engine, type Outcome } from '../protocol/engine.ts'
import { drive, policyOf, tokenOf } from './drive.ts'
import { type Failure, fail } from './outcome.ts'
import type { Parsed } from './parse.ts'
import type { Plan, Protocol, Route } from './plan.ts'
import type { Received } from './receive.ts'

/** The leave to run a handler. */
export interface Claimed {
  /** The state of the connection's machine before the message. `undefined` without a protocol. */
  readonly snapshot: unknown
  /** The message changes the state: what its handler sends waits until that is stored. */
  readonly exclusive: boolean
  /** Tell the engine what came of the handler. Resolves once the state is stored, rejects when it is not. */
  readonly settle: (handled: Handled) => Promise<Settled>
}

export type Settled = Extract<Outcome, { kind: 'done' }>

/** Say whether a message may happen now. Without a protocol every message may, and nothing is read or written. */
export const claim = (
  plan: Plan,
  received: Received<MessageEvent>,
  route: Route,
  parsed: Parsed,
  data: unknown,
): Claimed | Promise<Claimed> => (plan.protocol ? ask(plan, plan.protocol, received, route, parsed, data) : UNCLAIMED)

const ask = async (
  plan: Plan,
  protocol: Protocol,
  { connection, lambda, lifetime }: Received<MessageEvent>,
  route: Route,
  { id = '' }: Parsed,
  data: unknown,
): Promise<Claimed> => {
  const { machine } = protocol
  // The type comes last: no payload can name another event.
  const event = { ...(typeof data === 'object' ? data : undefined), type: route.name }
  const token = tokenOf(plan, lambda?.awsRequestId)
  const asked = { event, id, token, exclusive: route.exclusive }
  const driven = drive(plan, connection.id, engine(machine, asked, policyOf(plan, lifetime)))
  const standing = await driven.on()
  if (!standing.run) throw fail(protocol, route.name, unrun(standing.result), driven.cause())
  return {
    snapshot: machine.snapshot(standing.run.state),
    exclusive: standing.run.exclusive,
    settle: async (handled) => {
      const settled = await driven.on(handled)
      if (settled.run) throw new TypeError('The engine ran a handler twice.')
      if (settled.result.kind === 'done') return settled.result
      throw fail(protocol, route.name, settled.result, driven.cause())
    },
  }
}

const unrun = (outcome: Outcome): Failure => {
  if (outcome.kind === 'done') throw new TypeError('The engine was through before the handler ran.')
  return outcome
}

const NOTHING: Settled = { kind: 'done', state: { value: undefined, context: undefined }, actions: [], final: false }
const UNCLAIMED: Claimed = { snapshot: undefined, exclusive: false, settle: async () => NOTHING }
