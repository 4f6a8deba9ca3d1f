import type { AnyStateMachine, EventObject } from 'xstate'
import type { Run } from '../flow/plan.ts'
import type { Application } from '../flow/state.ts'
import { missingRoutes, mistake, need, needKeys, unknownEvent, unknownInternal } from '../mistakes.ts'
import { changing, eventsOf, knows, problemsOf } from '../protocol/check.ts'
import { type Machine, type Migrate, wrap } from '../protocol/machine.ts'
import { later } from './later.ts'
import type { Tell } from './mirror.ts'
import type { Resume, Resumption } from './resume.ts'
import type { Deadlines } from './tick.ts'

/** A declared protocol, checked against its routes. */
export interface Protocol {
  readonly machine: Machine
  readonly input: Run | undefined
  readonly internal: ReadonlySet<string>
  /** The events that a peer can send: those that have a route. */
  readonly names: ReadonlySet<string>
  /** Those that may change the state: what the `dep` of a message counts. */
  readonly counted: ReadonlySet<string>
  readonly resume: Resumption | undefined
  readonly deadlines: Deadlines | undefined
  /** Tell the peer in which state its connection is, where it cannot know. */
  readonly tell: Tell | undefined
}

interface Given {
  readonly internal?: readonly string[]
  readonly input?: Run
  readonly migrate?: Migrate
  readonly resume?: Resume
  readonly deadlines?: Deadlines
  readonly mirror?: boolean
}

/** What `.protocol()` was given, read. */
const declared = ({ machine, options }: NonNullable<Application['protocol']>) => {
  need(
    typeof Object(machine).transition === 'function',
    'An XState machine',
    '.protocol(): setup({ … }).createMachine({ … })',
  )
  needKeys('.protocol()', options, ['internal', 'input', 'migrate', 'resume', 'deadlines', 'mirror'])
  const { internal = [], input, migrate, resume, deadlines, mirror } = Object(options) as Given
  need(Array.isArray(internal), 'A list of names', '.protocol(): internal')
  if (input !== undefined) need(typeof input === 'function', 'A function', '.protocol(): input')
  if (migrate !== undefined) need(typeof migrate === 'function', 'A function', '.protocol(): migrate')
  if (resume !== undefined) need(typeof Object(resume).of === 'function', 'resume({ … })', '.protocol(): resume')
  if (deadlines !== undefined)
    need(typeof Object(deadlines).arm === 'function', 'sqsDeadlines({ … })', '.protocol(): deadlines')
  if (mirror !== undefined) need(typeof mirror === 'boolean', 'true or false', '.protocol(): mirror')
  return { machine: machine as AnyStateMachine, internal, input, migrate, resume, deadlines, mirror }
}

export const protocolOf = ({ protocol, routes, hasDefault, warn }: Application): Protocol | undefined => {
  if (!protocol) return undefined
  const { machine, internal, input, migrate, resume, deadlines, mirror } = declared(protocol)
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
  const wrapped = wrap(machine, migrate)
  return {
    machine: wrapped,
    input,
    internal: new Set(internal),
    names: new Set(names),
    counted: new Set(changing(machine)),
    resume: resume?.of(wrapped),
    deadlines,
    tell: mirror ? async (...given) => (await mirrored()).tell(machine, wrapped, ...given) : undefined,
  }
}

/** Loaded by those who have mirrors. */
const mirrored = later(() => import('./mirror.ts'))

/** `raise` for the handler of a message. */
export const raiser =
  ({ internal }: Protocol, raised: EventObject[]) =>
  (event: EventObject): void => {
    if (!internal.has(event.type))
      throw new TypeError(`'${event.type}' is no internal event. List it: .protocol(machine, { internal: […] }).`)
    raised.push(event)
  }
