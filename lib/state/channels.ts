import type { Sent } from '../channel/broadcast.ts'
import { membersOf } from '../channel/members.ts'
import { channelName } from '../channel/name.ts'
import { FailedPreconditionError, PermissionDeniedError } from '../errors.ts'
import type { Via } from '../flow/deliver.ts'
import type { Plan } from '../flow/plan.ts'
import { pushFrame } from '../flow/push.ts'
import type { Received } from '../flow/receive.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Outbox } from '../gateway/outbox.ts'
import { need } from '../mistakes.ts'
import type { Memberships, StorePorts } from '../store/store.ts'
import { later } from './later.ts'
import type { ChannelRules } from './rules.ts'
import { want, wants } from './wishes.ts'

interface BroadcastOptions {
  readonly except?: 'self' | readonly string[]
  readonly signal?: AbortSignal
}

/** Who acts on channels, and in what. */
export interface Acting {
  /** What the handler is given. */
  readonly context: object
  readonly plan: Plan
  readonly ports: StorePorts
  readonly rules: ChannelRules
  readonly received: Received
  readonly box: Outbox
}

/** `channel` for a handshake and for the handler of a message. */
export const channelsOf = (acting: Acting) => {
  const { context, plan, ports, rules, received, box } = acting
  const { memberships } = ports
  const { connectionId } = received
  return (given: string) => {
    const channel = nameIn(rules, given)
    // Under a claim, and in a handshake, the membership is stored with the state.
    const join = async () => {
      if (rules.authorize && !(await rules.authorize(context, channel)))
        throw new PermissionDeniedError(`You may not join '${channel}'.`)
      if (box.shut) want(box, channel, true)
      else await joinNow(memberships, connectionId, channel)
    }
    const leave = async () => {
      if (box.shut) want(box, channel, false)
      else await memberships.leave(connectionId, channel)
      if (rules.presence) await (await presence()).untrack(acting, channel)
    }
    const needMember = async (what: string) => {
      if (!(wants(box, channel) ?? (await memberships.has(connectionId, channel))))
        throw new PermissionDeniedError(`Only a member of '${channel}' may ${what}. Join first.`)
    }
    const broadcast = async (name: string, data: unknown, options: BroadcastOptions) => {
      await needMember('broadcast to it')
      // What does not fit its schema, or no frame, fails the message now, not after its commit.
      const send = await sending(plan, ports, channel, name, data, options, connectionId)
      await box.send(async () => void (await send(received)))
    }
    const track = async (meta: unknown) => {
      await needMember('be present in it')
      await (await presence()).track(acting, channel, meta)
    }
    return {
      members: () => membersOf(memberships, channel),
      join: () => box.track(join()),
      leave: () => box.track(leave()),
      broadcast: (name: string, data: unknown, options: BroadcastOptions = {}) =>
        box.track(broadcast(name, data, options)),
      presence: {
        track: (meta: unknown) => box.track(track(meta)),
        untrack: () => box.track(presence().then(({ untrack }) => untrack(acting, channel))),
        list: async () => (await presence()).list(ports, channel),
      },
    }
  }
}

/** Make a connection a member. Rejects where it is closed. */
export const joinNow = async (memberships: Memberships, connectionId: string, channel: string): Promise<void> => {
  if (!(await memberships.join(connectionId, channel))) throw new FailedPreconditionError(UNKNOWN)
}

const UNKNOWN = 'This connection is closed, or older than the store. Connect again.'

/**
 * `server.channel`: the server is asked for no membership. And that of `onDisconnect`: the others are still there. Looks
 * at the ports with each call: a server lives as long as its application, whose store a test may change.
 */
export const serverChannels =
  (plan: Plan, ports: StorePorts, rules: ChannelRules, gateway: () => Gateway, ended?: Received) => (given: string) => {
    const channel = nameIn(rules, given)
    return {
      members: () => membersOf(ports.memberships, channel),
      broadcast: async (name: string, data: unknown, options: BroadcastOptions = {}): Promise<Sent> => {
        const send = await sending(plan, ports, channel, name, data, options, ended?.connectionId ?? '')
        return send(ended ?? { gateway: gateway() })
      },
      grow: async (shards: number) => {
        const { grow } = ports.memberships
        need(grow !== undefined, 'Shards', 'this store: memberships.grow()')
        await grow?.(channel, shards)
      },
      presence: { list: async () => (await presence()).list(ports, channel) },
    }
  }

const nameIn = ({ normalize }: ChannelRules, given: string) =>
  channelName(normalize && typeof given === 'string' ? normalize(given) : given)

/** Check what is to be said, and say it to the members of a channel as soon as that may be. */
export const sending = async (
  plan: Plan,
  ports: StorePorts,
  channel: string,
  name: string,
  data: unknown,
  options: BroadcastOptions,
  self: string,
): Promise<(via: Via) => Promise<Sent>> => {
  const { spread, idOf, choicesOf } = await spreading()
  const choices = choicesOf(options, self)
  const id = idOf(plan)
  const frame = await pushFrame(plan, name, data, id)
  return (via) => spread({ plan, ports, via, channel, frame, id, ...choices })
}

/** Loaded when there is something to say to many, or to know of whom. */
const spreading = later(() => import('./spread.ts'))
const presence = later(() => import('./presence.ts'))
