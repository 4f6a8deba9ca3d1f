import type { Answer, Effect, Engine } from '../../lib/protocol/effect.ts'
import { type Ask, message, type Policy } from '../../lib/protocol/engine.ts'
import type { Machine } from '../../lib/protocol/machine.ts'
import type { ConnectionRecord } from '../../lib/store/store.ts'
import type { Make, Settings, Told } from './task.ts'
import { stateOf } from './toy.ts'
import { compare, type Rule } from './world.ts'

type Way = Settings['engine']

/** Store the new state, run the handler, and undo it where that fails. */
export const commitBefore: Way = function* (machine, ask) {
  for (;;) {
    const record = yield* look(machine, ask)
    if ('kind' in record) return record
    const next = after(machine, ask, record)
    if (next && !(yield write(record.version, next)).applied) continue
    const { handled } = yield { op: 'run', state: record.state, exclusive: next !== undefined }
    if (handled?.ok) return { kind: 'done' }
    if (next) yield write(next.version, { ...record, version: next.version + 1 })
    return { kind: 'failed' }
  }
}

/** Run the handler, store the new state, and begin anew where another was faster. */
export const commitAfter: Way = function* (machine, ask) {
  for (;;) {
    const record = yield* look(machine, ask)
    if ('kind' in record) return record
    const next = after(machine, ask, record)
    const { handled } = yield { op: 'run', state: record.state, exclusive: next !== undefined }
    if (!handled?.ok) return { kind: 'failed' }
    if (!next || (yield write(record.version, next)).applied) return { kind: 'done' }
  }
}

/** The engine as it ships, which hears something else than what the store has answered. */
export const hears = (change: (answer: Answer, effect: Effect, ask: Ask) => Answer): Way =>
  function* (machine, ask, policy) {
    const engine = message(machine, ask, policy)
    let step = engine.next()
    while (!step.done) step = engine.next(change(yield step.value, step.value, ask))
    return step.value
  }

/** A claim holds for ever. */
export const neverExpires = hears((answer) =>
  answer.record?.claim ? { ...answer, record: { ...answer.record, claim: FOR_EVER } } : answer,
)

/** Nobody recognises a write of one's own in what has beaten it. */
export const knowsNoToken = hears((answer, { op }) => {
  if (op !== 'replace' || !answer.record) return answer
  const { claim, done, ...rest } = answer.record
  const strange = { ...(claim && { claim: { ...claim, token: '?' } }), ...(done && { done: done.map(unsigned) }) }
  return { ...answer, record: { ...rest, ...strange } }
})

/** Whatever the store says, a commit counts as stored. */
export const trusts = hears((answer, effect) =>
  effect.op === 'replace' && !effect.next.claim ? { ...answer, applied: true } : answer,
)

/** A repetition is a message like any other. */
export const knowsNoId: Way = (machine, ask, policy) => message(machine, { ...ask, id: '' }, policy)

/** Memberships are granted before the commit. */
export const grantsEarly: Way = function* (machine: Machine, ask: Ask, policy: Policy): Engine<Told> {
  const engine = message(machine, ask, policy)
  let step = engine.next()
  while (!step.done) {
    const { value: effect } = step
    if (effect.op === 'replace' && effect.changes)
      for (const channel of effect.changes.join) yield { op: 'join', channel }
    step = engine.next(yield effect)
  }
  return step.value
}

/** A farewell that writes the tombstone and forgets the memberships. */
export const forgetful =
  (make: Make): Make =>
  (settings) => {
    const task = make(settings)
    return {
      ...task,
      *begin(now) {
        const farewell = task.begin(now)
        let step = farewell.next()
        while (!step.done) {
          const answer = yield step.value
          step = farewell.next(step.value.op === 'channels' ? { now, channels: [] } : answer)
        }
        return step.value
      },
    }
  }

/** A connection that takes over the state of the time when it was given the token. */
export const takesStale =
  (make: Make): Make =>
  (settings) => {
    const task = make(settings)
    return {
      ...task,
      *begin(now) {
        const taking = task.begin(now)
        let step = taking.next()
        while (!step.done) {
          const { value: act } = step
          const stale = act.op === 'replace' && act.next.resumed
          step = taking.next(yield stale ? { ...act, next: { ...act.next, state: stateOf('joined') } } : act)
        }
        return step.value
      },
    }
  }

/** A store that takes every write. */
export const blind: Rule = (current, { next }) => ({ ...next, version: (current?.version ?? 0) + 1 })

/** A store that compares for a claim and takes every commit. */
export const unfenced: Rule = (current, write, token) =>
  write.next.claim || write.next.closed ? compare(current, write, token) : blind(current, write, token)

/** A commit asks for "nobody's claim, or mine", and a connection that ends is deleted. */
export const claimOrNothing: Rule = (current, write, token) => {
  if (write.next.closed) return current?.version === write.version ? 'deleted' : undefined
  if (write.next.claim) return compare(current, write, token)
  return current?.claim && current.claim.token !== token ? undefined : blind(current, write, token)
}

/** A store that forgets that a connection was taken over. */
export const leavesOpen: Rule = (current, { version, next: { closed, ...next } }) =>
  current?.version === version ? { ...next, ...(closed && !closed.to && { closed }) } : undefined

const FOR_EVER = { token: 'dead', deadline: Number.POSITIVE_INFINITY, event: 'vote' }

/** What is remembered of a message, without the token. */
const unsigned = (done: string) => `?${done.slice(done.indexOf(' '))}`

function* look(
  machine: Machine,
  { event }: Ask,
): Engine<(Required<Pick<ConnectionRecord, 'state'>> & ConnectionRecord) | Told> {
  const { record } = yield { op: 'read' }
  if (!record?.state || record.closed) return { kind: 'gone' }
  return machine.can(record.state, event) ? { ...record, state: record.state } : { kind: 'rejected' }
}

/** The record after a message, or nothing where that is the one before. */
const after = (machine: Machine, { event, id, token }: Ask, record: ConnectionRecord): ConnectionRecord | undefined => {
  const { version, state, done = [] } = record
  const next = state && machine.next({ state, due: [] }, event, 0).state
  return next && next !== state
    ? { ...record, version: version + 1, state: next, done: [...done, `${token}  ${id}`] }
    : undefined
}

const write = (version: number, next: ConnectionRecord) => ({ op: 'replace', version, next }) as const

/** A connection that looks whether it may take over when it has closed the other one. */
export const deniesLate =
  (make: Make): Make =>
  (settings) => {
    const task = make(settings)
    return {
      ...task,
      *begin(now) {
        const taking = task.begin(now)
        let step = taking.next()
        while (!step.done) {
          const answer = yield step.value
          if (step.value.op === 'replace' && step.value.of) return { kind: 'denied' }
          step = taking.next(answer)
        }
        return step.value
      },
    }
  }
