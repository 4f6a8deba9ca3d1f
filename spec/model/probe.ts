import type { ConnectionRecord } from '../../lib/store/store.ts'
import type { Moment } from './moment.ts'
import { type Scenario, settingsOf } from './scenario.ts'
import type { Broken } from './step.ts'
import { toy } from './toy.ts'
import { compare, type World } from './world.ts'

/** I4: once every claim is over, a fresh message succeeds. */
export const probe = (scenario: Scenario, world: World, { records }: Moment): Broken | undefined => {
  for (const id of records) {
    const record = world.recordAt(id)
    if (!record || record.closed || record.state?.done || record.due) continue
    const kind = freshly(scenario, record)
    if (kind !== 'done')
      return { invariant: 'I4', sentence: `with every claim over, a fresh message was told '${kind}'` }
  }
  return undefined
}

const freshly = (scenario: Scenario, first: ConnectionRecord): string => {
  const { engine, tries } = settingsOf(scenario)
  const machine = toy(first.machine)
  const [type = ''] = first.state ? machine.accepts(first.state) : []
  const ask = { event: { type, by: 'fresh' }, id: 'fresh', token: 'fresh', exclusive: true }
  const policy = { deadline: () => LATER + 1, canStart: () => true, backoff: () => 1, patienceMs: tries }
  const fresh = engine(machine, ask, policy)
  let record: ConnectionRecord | undefined = first
  let step = fresh.next()
  while (!step.done) {
    const { value: act } = step
    if (act.op === 'replace') {
      const stored = (scenario.rule ?? compare)(record, act, 'fresh')
      if (stored !== undefined) record = stored === 'deleted' ? undefined : stored
      step = fresh.next({ now: LATER, applied: stored !== undefined, ...(stored === undefined && { record }) })
    } else if (act.op === 'run') step = fresh.next({ now: LATER, handled: { ok: true, raised: [] } })
    else step = fresh.next({ now: LATER, record })
  }
  return step.value.kind
}

/** When everything that was claimed in a scenario is over. */
const LATER = 100_000
