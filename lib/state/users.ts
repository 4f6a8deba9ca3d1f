import { membersOf } from '../channel/members.ts'
import { userName } from '../channel/name.ts'
import { part } from '../flow/deliver.ts'
import type { Plan } from '../flow/plan.ts'
import { CLOSED } from '../flow/server.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { userChannel } from '../store/own-channels.ts'
import type { StorePorts } from '../store/store.ts'
import { sending } from './channels.ts'

/** `server.user`: all connections that said to be this user's. */
export const usersOf = (plan: Plan, ports: StorePorts, gateway: () => Gateway) => (given: string) => {
  const channel = userChannel(userName(given))
  const connections = () => membersOf(ports.memberships, channel)
  return {
    connections,
    push: async (name: string, data: unknown) => {
      const send = await sending(plan, ports, channel, name, data, {}, '')
      return send({ gateway: gateway() })
    },
    disconnect: async (reason = CLOSED) => {
      const ids: string[] = []
      for await (const id of connections()) ids.push(id)
      const via = { gateway: gateway() }
      const parted = await Promise.allSettled(ids.map((id) => part(plan, via, id, 'OK', reason)))
      const failed = parted.find((one) => one.status === 'rejected')
      if (failed) throw failed.reason
      return ids.length
    },
  }
}
