import { makeId, messageEvent } from '../event/make.ts'
import type { Connection } from './connection.ts'
import type { Gate } from './gate.ts'
import { type Outcome, tell } from './invoke.ts'
import type { Settings } from './options.ts'
import { selectRoute } from './route.ts'
import { errorFrame } from './rules.ts'

/** One message of a client: find its route, run the handler, send what reaches the client. */
export const message = async ({ settings, invoke }: Gate, connection: Connection, body: string): Promise<void> => {
  connection.touch()
  const { who } = connection
  const requestId = makeId()
  const selected = selectRoute(settings.routeSelectionExpression, settings.routes, body)
  const routeKey = selected ?? '$default'
  const event = messageEvent({ ...who, now: settings.clock.now(), requestId, routeKey, body })
  if (selected === undefined) {
    tell(settings, event, { outcome: 'noRoute', ms: 0 })
    connection.send(errorFrame('noRoute', who.connectionId, requestId))
    return
  }
  const result = await invoke(event)
  const reply =
    result.outcome === 'answered'
      ? responds(settings, selected) && result.answer.body
      : errorFrame(frameOf(result), who.connectionId, requestId)
  if (typeof reply === 'string') connection.send(reply)
}

// Whatever the status: a route response carries a body of 500 as it carries one of 200.
const responds = ({ routeResponse }: Settings, routeKey: string) =>
  typeof routeResponse === 'boolean' ? routeResponse : routeResponse.includes(routeKey)

const frameOf = ({ outcome }: Outcome) => (outcome === 'timeout' ? 'timeout' : 'broken')
