import type { ConnectionRecord } from '../store/store.ts'
import type { Effect, Engine } from './effect.ts'
import type { Outcome } from './engine.ts'

/**
 * The same engine, once: an event of the server's under an id that was applied before is a duplicate.
 *
 * Such an id stands where a message has its mark, and begins as no mark does. So no peer can use it up by a message of its
 * own, and nobody takes it for the id of one.
 */
export function* once(engine: Engine<Outcome>, id: string, token: string): Engine<Outcome> {
  const mark = ` @${encodeURIComponent(id)} `
  const isOurs = (done: string) => done.startsWith(`${token} `)
  const isApplied = ({ done = [] }: ConnectionRecord) =>
    done.some((one) => one.slice(one.indexOf(' ')) === mark && !isOurs(one))
  const marked = (effect: Effect): Effect => {
    const done = effect.op === 'replace' ? effect.next.done : undefined
    if (effect.op !== 'replace' || !done?.some(isOurs)) return effect
    return { ...effect, next: { ...effect.next, done: done.map((one) => (isOurs(one) ? token + mark : one)) } }
  }
  let step = engine.next()
  while (!step.done) {
    const answer = yield marked(step.value)
    if (answer.record && isApplied(answer.record)) return { kind: 'duplicate' }
    step = engine.next(answer)
  }
  return step.value
}

/**
 * The same engine, for a connection that is closed and whose state waits for a connection that takes over: it finds that
 * state as if nothing were closed, and what it writes is closed again. `lost` is an heir that has nothing and gets nothing
 * any more; with any other heir the connection is gone.
 *
 * Whoever takes over writes the same record by its version, so that it has what was written here, or was first.
 */
export function* left(engine: Engine<Outcome>, lost: string | undefined): Engine<Outcome> {
  let closed: ConnectionRecord['closed']
  const opened = (record: ConnectionRecord): ConnectionRecord => {
    closed = record.closed?.to === lost ? record.closed : undefined
    if (!closed) return record
    const { closed: _, ...rest } = record
    return rest
  }
  const shut = (effect: Effect): Effect =>
    effect.op === 'replace' && closed ? { ...effect, next: { ...effect.next, closed } } : effect
  let step = engine.next()
  while (!step.done) {
    const answer = yield shut(step.value)
    step = engine.next(answer.record ? { ...answer, record: opened(answer.record) } : answer)
  }
  return step.value
}
