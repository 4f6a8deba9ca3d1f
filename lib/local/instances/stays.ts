import type { WebSocketEvent } from '../../event/event.ts'
import type { Stay } from './notices.ts'

/** Which instances have served a connection. */
export interface Stays {
  /** An invocation begins. Returns where the connection has been before. */
  readonly enter: (event: WebSocketEvent, instance: number) => Served | undefined
  /** The number of the instance that served the connection last. */
  readonly last: (event: WebSocketEvent) => number | undefined
}

export interface Served {
  /** Its `$connect`, where that has run. */
  readonly connect: Stay | undefined
  readonly last: Stay
}

export const stays = (): Stays => {
  const served = new Map<string, Served>()
  return {
    enter: ({ requestContext: { connectionId, eventType, routeKey } }, instance) => {
      const before = served.get(connectionId)
      const last: Stay = { route: routeKey, instance }
      if (eventType === 'DISCONNECT') served.delete(connectionId)
      else served.set(connectionId, { connect: eventType === 'CONNECT' ? last : before?.connect, last })
      return before
    },
    last: ({ requestContext: { connectionId } }) => served.get(connectionId)?.last.instance,
  }
}

/** Where a connection has been, if that was another instance: at its `$connect`, else at its last event. */
export const parting = (before: Served | undefined, instance: number): Stay | undefined =>
  [before?.connect, before?.last].find((stay) => stay && stay.instance !== instance)
