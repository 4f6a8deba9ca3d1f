import { disconnectEvent } from '../event/make.ts'
import { Connection, type Line, type Who } from './connection.ts'
import type { Gate } from './gate.ts'
import type { Clock } from './options.ts'
import { CLOSES } from './rules.ts'

/** The handshake is complete: from here on the connection can be posted to. */
export const enter = (gate: Gate, who: Who, query: string, line: Line): Connection => {
  const { connectionId, connectedAt: at, sourceIp, userAgent } = who
  const connection = new Connection(gate, who, line, (whose, code, reason) => farewell(gate, whose, code, reason))
  gate.connections.set(connectionId, connection)
  gate.feed.tell(() => ({
    kind: 'opened',
    at,
    connectionId,
    sourceIp,
    query,
    ...(userAgent !== undefined && { userAgent }),
  }))
  return connection
}

/** The connection is over: nobody can post to it, and `$disconnect` runs, whose answer reaches nobody. */
export const farewell = (gate: Gate, who: Who, code: number, given: string): void => {
  const { settings, connections, invoke, tasks, feed, chaos } = gate
  const { connectionId } = who
  const reason = given || reasonOf(code)
  if (connections.delete(connectionId))
    feed.tell(() => ({ kind: 'closed', at: settings.clock.now(), connectionId, code, reason }))
  if (!settings.routes.includes('$disconnect')) return
  const { clock } = settings
  const leave = () => tasks.add(invoke(disconnectEvent({ ...who, now: clock.now(), code, reason })))
  if (!chaos) leave()
  else for (const ms of chaos.farewells(connectionId)) tasks.add(after(clock, ms).then(leave))
}

const after = (clock: Clock, ms: number) =>
  ms === 0 ? Promise.resolve() : new Promise<void>((resolve) => clock.setTimeout(resolve, ms))

const reasonOf = (code: number) => (code === CLOSES.noCode.value[0] ? CLOSES.noCode.value[1] : '')
