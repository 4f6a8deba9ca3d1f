import { makeId, messageEvent } from '../event/make.ts'
import type { Connection } from './connection.ts'
import type { Gate } from './gate.ts'
import { type Outcome, tell } from './invoke.ts'
import { CLOSES, errorFrame } from './rules.ts'
import type { Settings } from './settings.ts'

/** One message of a client: find its route, run the handler, send what reaches the client. */
export const message = async (
  gate: Gate,
  connection: Connection,
  body: string,
  requestId = makeId(gate.settings.random),
): Promise<void> => {
  const { settings, invoke, feed, hasRoomFor } = gate
  if (!connection.maySpeak()) return connection.end(CLOSES.tooMany)
  connection.touch()
  const { who } = connection
  const { connectionId } = who
  const selected = gate.selectRoute(body)
  const routeKey = selected ?? '$default'
  const at = connection.lastActiveAt
  feed.tell(() => ({ kind: 'received', at, connectionId, requestId, routeKey, body }))
  const event = messageEvent({ now: at, requestId, routeKey, body, ...who })
  const refuse = (frame: 'noRoute' | 'throttled') => {
    tell(gate, event, () => ({ outcome: frame, ms: 0 }))
    connection.send(errorFrame(frame, connectionId, requestId), 'gateway')
  }
  if (!hasRoomFor.request()) return refuse('throttled')
  if (selected === undefined) return refuse('noRoute')
  const result = await invoke(event)
  if (result.outcome !== 'answered') connection.send(errorFrame(frameOf(result), connectionId, requestId), 'gateway')
  else if (result.answer.body !== undefined && responds(settings, selected))
    connection.send(result.answer.body, 'response')
}

// Whatever the status: a route response carries a body of 500 as it carries one of 200.
const responds = ({ routeResponse }: Settings, routeKey: string) =>
  typeof routeResponse === 'boolean' ? routeResponse : routeResponse.includes(routeKey)

const frameOf = ({ outcome }: Outcome) => (outcome === 'timeout' ? 'timeout' : 'broken')
