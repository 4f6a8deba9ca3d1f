import { broadcast, type Sent } from '../channel/broadcast.ts'
import { membersOf } from '../channel/members.ts'
import { channelName } from '../channel/name.ts'
import { FailedPreconditionError, PermissionDeniedError } from '../errors.ts'
import { send, type Via } from '../flow/deliver.ts'
import type { Plan } from '../flow/plan.ts'
import { pushFrame } from '../flow/push.ts'
import type { Received } from '../flow/receive.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Outbox } from '../gateway/outbox.ts'
import type { Memberships, StorePorts } from '../store/store.ts'
import { want, wants } from './wishes.ts'

interface BroadcastOptions {
  readonly except?: 'self' | readonly string[]
}

/** `channel` for the handler of a message. */
export const messageChannels = (plan: Plan, { memberships }: StorePorts, received: Received, box: Outbox) => {
  const { connectionId } = received
  return (given: string) => {
    const channel = channelName(given)
    // Under a claim the membership is stored with the state, by state/commit.ts.
    const join = async () => {
      if (box.shut) want(box, channel, true)
      else await joinNow(memberships, connectionId, channel)
    }
    const leave = async () => {
      if (box.shut) want(box, channel, false)
      else await memberships.leave(connectionId, channel)
    }
    const broadcast = async (name: string, data: unknown, { except = [] }: BroadcastOptions) => {
      if (!(wants(box, channel) ?? (await memberships.has(connectionId, channel))))
        throw new PermissionDeniedError(`Only a member of '${channel}' may broadcast to it. Join first.`)
      // What does not fit its schema fails the message now, not after its commit.
      const frame = await pushFrame(plan, name, data)
      await box.send(
        async () => void (await broadcastTo(plan, memberships, received, channel, frame, except, connectionId)),
      )
    }
    return {
      members: () => membersOf(memberships, channel),
      join: () => box.track(join()),
      leave: () => box.track(leave()),
      broadcast: (name: string, data: unknown, options: BroadcastOptions = {}) =>
        box.track(broadcast(name, data, options)),
    }
  }
}

/** Make a connection a member. Rejects where it is closed. */
export const joinNow = async (memberships: Memberships, connectionId: string, channel: string): Promise<void> => {
  if (!(await memberships.join(connectionId, channel))) throw new FailedPreconditionError(UNKNOWN)
}

const UNKNOWN = 'This connection is closed, or older than the store. Connect again.'

/** `channel` for `onConnect`: a join waits until the peer is let in. */
export const connectChannels = (plan: Plan, store: StorePorts, received: Received, box: Outbox) => {
  const channelOf = messageChannels(plan, store, received, box)
  return (given: string) => {
    const { members, join } = channelOf(given)
    return { members, join }
  }
}

/**
 * `server.channel`: the server is asked for no membership. And that of `onDisconnect`: the others are still there. Looks
 * at the ports with each call: a server lives as long as its application, whose store a test may change.
 */
export const serverChannels =
  (plan: Plan, ports: StorePorts, gateway: () => Gateway, self = '') =>
  (given: string) => {
    const channel = channelName(given)
    return {
      members: () => membersOf(ports.memberships, channel),
      broadcast: async (name: string, data: unknown, { except = [] }: BroadcastOptions = {}) =>
        broadcastTo(
          plan,
          ports.memberships,
          { gateway: gateway() },
          channel,
          await pushFrame(plan, name, data),
          except,
          self,
        ),
    }
  }

/** Send a frame to the members of a channel, leaving out some. */
const broadcastTo = async (
  plan: Plan,
  memberships: Memberships,
  via: Via,
  channel: string,
  frame: string,
  except: 'self' | readonly string[],
  self: string,
): Promise<Sent> => {
  const others = new Set(except === 'self' ? [self] : except)
  const deliver = (connectionId: string) => send(plan, via, connectionId, frame)
  return broadcast(membersOf(memberships, channel), others, deliver, (error) => console.error(error))
}
