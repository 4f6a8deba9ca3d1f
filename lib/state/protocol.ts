import type { AnyStateMachine, EventObject } from 'xstate'
import type { Run } from '../flow/plan.ts'
import type { Application } from '../flow/state.ts'
import { missingRoutes, mistake, need, needKeys, unknownEvent, unknownInternal } from '../mistakes.ts'
import { eventsOf, knows, problemsOf } from '../protocol/check.ts'
import { type Machine, wrap } from '../protocol/machine.ts'

/** A declared protocol, checked against its routes. */
export interface Protocol {
  readonly machine: Machine
  readonly input: Run | undefined
  readonly internal: ReadonlySet<string>
  /** The events that a peer can send: those that have a route. */
  readonly names: ReadonlySet<string>
}

/** What `.protocol()` was given, read. */
const declared = ({ machine, options }: NonNullable<Application['protocol']>) => {
  need(
    typeof Object(machine).transition === 'function',
    'An XState machine',
    '.protocol(): setup({ … }).createMachine({ … })',
  )
  needKeys('.protocol()', options, ['internal', 'input'])
  const { internal = [], input } = Object(options) as { readonly internal?: readonly string[]; readonly input?: Run }
  need(Array.isArray(internal), 'A list of names', '.protocol(): internal')
  if (input !== undefined) need(typeof input === 'function', 'A function', '.protocol(): input')
  return { machine: machine as AnyStateMachine, internal, input }
}

export const protocolOf = ({ protocol, routes, hasDefault, warn }: Application): Protocol | undefined => {
  if (!protocol) return undefined
  const { machine, internal, input } = declared(protocol)
  const names = [...routes.keys()]
  const events = eventsOf(machine)
  const unknown = internal.find((event) => !events.includes(event))
  if (unknown !== undefined) throw mistake(unknownInternal, `'${unknown}'`)
  const stray = names.find((name) => internal.includes(name) || !knows(machine, name))
  if (stray !== undefined) throw mistake(unknownEvent, `'${stray}'`)
  const [problem] = problemsOf(machine, [...names, ...(hasDefault ? ['$default'] : [])])
  if (problem) throw new TypeError(problem)
  const missing = events.filter((event) => !internal.includes(event) && !routes.has(event))
  if (missing.length > 0) throw mistake(missingRoutes, missing.join(', '))

  const bare = [...routes].flatMap(([name, { input: schema }]) => (schema ? [] : [name]))
  if (bare.length > 0)
    warn({
      code: 'ROUTE_WITHOUT_SCHEMA',
      message: `Without a schema the data of these routes is dropped: ${bare.join(', ')}.`,
      fix: 'Pass a schema before the handler; for a message that carries nothing, v.undefined().',
    })
  return { machine: wrap(machine), input, internal: new Set(internal), names: new Set(names) }
}

/** `raise` for the handler of a message. */
export const raiser =
  ({ internal }: Protocol, raised: EventObject[]) =>
  (event: EventObject): void => {
    if (!internal.has(event.type))
      throw new TypeError(`'${event.type}' is no internal event. List it: .protocol(machine, { internal: […] }).`)
    raised.push(event)
  }
