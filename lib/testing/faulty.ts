import { randomOf } from '../local/chance.ts'
import { mistake, need, needFunctions, needKeys } from '../mistakes.ts'
import type { Store } from '../store/store.ts'
import { CALLS, type Call, CHANCES, type Chances, dice, type Fault, type Injected, InjectedFault } from './faults.ts'

export interface FaultOptions extends Chances {
  /** The same seed, and the same calls in the same order, give the same faults. */
  readonly seed: number
  /** How many turns a call waits at most before it is applied, and again before it is answered. @default 3 */
  readonly latency?: number
  /** What so many turns are. @default as many turns of the microtask queue */
  readonly wait?: (turns: number) => Promise<void>
  /** Which calls may have a fault. @default all of them */
  readonly calls?: readonly Call[]
  /** How many faults come in all. @default Infinity */
  readonly limit?: number
}

export interface FaultyStore extends Store {
  /** What was done so far, for the message of a spec that fails. */
  readonly injected: readonly Injected[]
  /** Apply the late writes that are still on their way. */
  readonly land: () => Promise<void>
}

/**
 * A store that fails as real ones do: a write is applied and its answer lost, a write comes late, a call is throttled,
 * another write was faster. Reads may fail; they never lie.
 *
 * ```ts
 * const store = faulty(memory(), { seed: 7, lostAnswers: 0.1, conflicts: 0.1 })
 * await Promise.allSettled([vote(store, 'ann'), vote(store, 'bob')])
 * assert.is(votes, 1, `seed 7: ${JSON.stringify(store.injected)}`)
 * ```
 *
 * A call that has a fault rejects with an `InjectedFault`, but for a conflict, which is an ordinary answer. To aim at
 * one call: `{ seed: 1, lostAnswers: 1, calls: ['commit'], limit: 1 }`. Throws a RangeError for chances that are none.
 */
export const faulty = (store: Store, options: FaultOptions): FaultyStore => {
  checkFaulty(store, options)
  const { seed, latency = 3, wait = microtasks, calls, limit = Number.POSITIVE_INFINITY } = options
  const { records, memberships, blobs, commit } = store
  const { note, shards, grow } = memberships
  const random = randomOf(seed)
  const next = dice(options, random)
  const injected: Injected[] = []
  const late: Late[] = []
  let count = 0
  let faults = 0

  /** What a call meets: all of it is thrown as it begins, and does not depend on how others are answered. */
  const meet = (call: Call) => {
    const at = ++count
    const thrown = next(call)
    const fault = calls?.includes(call) === false || faults >= limit ? undefined : thrown
    if (fault) faults++
    return { at, fault, before: turns(), after: turns(), due: at + 1 + Math.floor(random() * LATE_CALLS) }
  }
  const turns = () => Math.floor(random() * (latency + 1))

  const land = async (at: number, upTo: number) => {
    for (;;) {
      const index = late.findIndex(({ due }) => due <= upTo)
      const [write] = index < 0 ? [] : late.splice(index, 1)
      if (!write) return
      injected.push({ at, call: write.call, of: write.of, fault: 'landed' })
      // Nobody waits for its answer any more.
      await write.apply().catch(() => {})
    }
  }

  /** Make a call, and have it meet what it meets. `overtake` is the other write, and says whether there was one. */
  const perform = async <Result>(call: Call, of: string, apply: () => Promise<Result>, overtake = nobody) => {
    const { at, fault, before, after, due } = meet(call)
    const fail = (failed: Fault) => {
      const noted = { at, call, of, fault: failed }
      injected.push(noted)
      return new InjectedFault(noted, seed)
    }
    if (before > 0) await wait(before)
    await land(at, at)
    if (fault === 'late-write') late.push({ call, of, due, apply })
    if (fault === 'late-write' || fault === 'lost-request' || fault === 'throttled') throw fail(fault)
    if (fault === 'conflict') {
      if (await overtake()) injected.push({ at, call, of, fault })
      else faults--
    }
    const answer = apply()
    await (fault === 'lost-answer' ? answer.catch(() => {}) : answer)
    if (after > 0) await wait(after)
    if (fault === 'lost-answer') throw fail(fault)
    return answer
  }

  /** Another write, which changes nothing but the version. */
  const overtaking = (id: string, version: number) => async () => {
    const current = await records.read(id)
    return current !== undefined && (await records.replace(id, version, { ...current, version: version + 1 })).ok
  }

  return {
    ...store,
    records: {
      create: (id, record) => perform('create', id, () => records.create(id, record)),
      read: (id) => perform('read', id, () => records.read(id)),
      replace: (id, version, record) =>
        perform('replace', id, () => records.replace(id, version, record), overtaking(id, version)),
      delete: (id) => perform('delete', id, () => records.delete(id)),
    },
    memberships: {
      join: (id, channel, note) => perform('join', id, () => memberships.join(id, channel, note)),
      leave: (id, channel) => perform('leave', id, () => memberships.leave(id, channel)),
      has: (id, channel) => perform('has', id, () => memberships.has(id, channel)),
      members: (channel, cursor, shard) =>
        perform('members', channel, () => memberships.members(channel, cursor, shard)),
      channels: (id) => perform('channels', id, () => memberships.channels(id)),
      ...(note && { note: (id, channel) => perform('note', id, () => note(id, channel)) }),
      ...(shards && { shards: (channel) => perform('shards', channel, () => shards(channel)) }),
      ...(grow && { grow: (channel, count) => perform('grow', channel, () => grow(channel, count)) }),
    },
    ...(blobs && {
      blobs: {
        put: (key, text, ttlSeconds) => perform('put', key, () => blobs.put(key, text, ttlSeconds)),
        claim: (key, ttlSeconds) => perform('claim', key, () => blobs.claim(key, ttlSeconds)),
        get: (key) => perform('get', key, () => blobs.get(key)),
      },
    }),
    ...(commit && {
      commit: (id, version, record, changes) =>
        perform('commit', id, () => commit(id, version, record, changes), overtaking(id, version)),
    }),
    injected,
    land: () => land(count, Number.POSITIVE_INFINITY),
  }
}

/** A write that was given up and is still on its way. */
interface Late {
  readonly call: Call
  readonly of: string
  /** The call before which it is applied. */
  readonly due: number
  readonly apply: () => Promise<unknown>
}

/** A late write is applied before one of so many calls that follow. */
const LATE_CALLS = 10

const nobody = async () => false

const microtasks = async (turns: number) => {
  for (let turn = 0; turn < turns; turn++) await undefined
}

const checkFaulty = (store: Store, options: FaultOptions) => {
  const { records, memberships }: Partial<Store> = Object(store)
  needFunctions('faulty(store)', records, ['create', 'read', 'replace', 'delete'])
  needFunctions('faulty(store)', memberships, ['join', 'leave', 'has', 'members', 'channels'])
  needKeys('faulty()', options, ['seed', 'latency', 'wait', 'calls', 'limit', ...CHANCES])
  need(Number.isFinite(options.seed), 'A number', 'faulty(store, { seed })')
  const unknown = options.calls?.find((call) => !CALLS.includes(call))
  if (unknown !== undefined) throw mistake(`A store has no such call; it has ${CALLS.join(', ')}.`, `'${unknown}'`)
}
