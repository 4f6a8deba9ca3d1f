import { broadcast, type Sent } from '../channel/broadcast.ts'
import { membersOf } from '../channel/members.ts'
import type { Via } from '../flow/deliver.ts'
import type { Lifetime } from '../flow/lifetime.ts'
import type { Plan } from '../flow/plan.ts'
import { need, needKeys } from '../mistakes.ts'
import type { StorePorts } from '../store/store.ts'
import type { Protocol } from './protocol.ts'
import type { ChannelRules } from './rules.ts'

/** Something to say to the members of a channel. */
export interface Saying {
  readonly plan: Plan
  readonly ports: StorePorts
  readonly via: Via
  readonly channel: string
  /** Checked, and no larger than API Gateway carries. */
  readonly frame: string
  /** The broadcast's own, where its frame carries one. */
  readonly id: string | undefined
  /** Connections to leave out. */
  readonly except: ReadonlySet<string>
  /** Aborts when there is no time left to go on. */
  readonly signal: AbortSignal | undefined
}

/** What `ws({ fanout })` takes: somebody who has large broadcasts said by others. */
export interface Fanout {
  /** Say it, or have it said. */
  readonly spread: (saying: Saying) => Promise<Sent>
  /** Do a part of it. Rejects with a sentence what is no job, and where nothing of the job could be done. */
  readonly work: (work: FanoutWork) => Promise<void>
}

/** What came out of a queue, and who is to do it. */
export interface FanoutWork {
  readonly plan: Plan
  readonly ports: StorePorts
  /** As it came: it tells a job from every other one. */
  readonly text: string
  /** The same, parsed and not checked. */
  readonly body: Readonly<Record<string, unknown>>
  readonly lifetime: Lifetime
}

/** Say it to each of them, or have a queue say it where there are many. */
export const spread = (saying: Saying): Promise<Sent> => {
  const { plan, ports, channel } = saying
  // What `ws({ fanout })` was given, whose type hides this from users.
  const fanout = plan.fanout as Fanout | undefined
  return fanout ? fanout.spread(saying) : direct(saying, membersOf(ports.memberships, channel))
}

/** Say it to each of these, here and now. `defer` is told of each one that has to wait for another time. */
export const direct = (
  { plan, via, frame, except, signal }: Saying,
  members: AsyncIterable<string> | Iterable<string>,
  defer?: (connectionId: string) => void,
): Promise<Sent> => {
  const { gateway, lifetime } = via
  return broadcast({
    members,
    except,
    // A broadcast slows down as a whole: no post of it is tried again by itself.
    post: (connectionId, limit) => gateway.post(connectionId, frame, limit, 0),
    gone: async (connectionId) => plan.state?.forget(plan, connectionId),
    onFailure: (error) => console.error(error),
    clock: plan.clock,
    random: plan.random,
    remainingMs: lifetime && (() => lifetime.remainingMs()),
    signal,
    defer,
  })
}

/** Whom a broadcast leaves out, and what ends it. Refuses what the types would have refused. */
export const choicesOf = (options: unknown, self: string): Pick<Saying, 'except' | 'signal'> => {
  needKeys('broadcast()', options, ['except', 'signal'])
  const { except = [], signal } = options as { readonly except?: unknown; readonly signal?: AbortSignal }
  const others = except === 'self' ? [self] : except
  need(
    Array.isArray(others) && others.every((id) => typeof id === 'string'),
    "'self' or a list of connection ids",
    'broadcast(): except',
  )
  need(signal === undefined || typeof signal.aborted === 'boolean', 'An AbortSignal', 'broadcast(): signal')
  return { except: new Set(others as readonly string[]), signal }
}

/**
 * The id that a broadcast carries where it may come to a peer twice: by a queue, or on two connections while one takes
 * over from the other.
 */
export const idOf = ({ fanout, state }: Plan): string | undefined => {
  // Checked at build; their types hide this from lower floors.
  const { ids } = Object(state?.application.channels) as ChannelRules
  const { resume } = Object(state?.protocol) as Partial<Protocol>
  return fanout || resume || ids ? process.getBuiltinModule('node:crypto').randomUUID() : undefined
}
