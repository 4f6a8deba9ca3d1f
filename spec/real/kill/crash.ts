import { setImmediate as turn } from 'node:timers/promises'
import type { Store } from 'ws-interlock'
import type { Call, Point } from './points.ts'

/** What this process has written to its sockets, in bytes that are with the kernel. */
export type Written = () => number

/** The store, on which this process dies at a point. `die` does not return. */
export const crashing = (store: Store, point: Point, written: Written, die: () => never): Store =>
  around(store, async (call, perform) => {
    if (call !== point.call) return perform()
    if (point.moment === 'before') return die()
    const inFlight = point.moment === 'in flight' ? flight(written, point.request) : undefined
    const answer = perform()
    let answered = false
    if (inFlight) {
      void answer.finally(() => {
        answered = true
      })
      await inFlight
      if (answered) throw new Error('The answer was there before the process could die.')
      die()
    }
    await answer
    return die()
  })

/** Resolves when so many requests were written, counted from now. Each is written in a turn of its own: it waits for the
 * answer of the one before. */
const flight = async (written: Written, requests: number): Promise<void> => {
  let before = written()
  for (let seen = 0; seen < requests; ) {
    await turn()
    const now = written()
    if (now > before) seen++
    before = now
  }
}

/** A call of the store by the step that it is. */
type Watch = <Result>(call: Call, perform: () => Promise<Result>) => Promise<Result>

const around = (store: Store, watch: Watch): Store => {
  const { records, memberships, commit } = store
  let writes = 0
  const watched =
    <Given extends readonly unknown[], Result>(call: () => Call, perform: (...given: Given) => Promise<Result>) =>
    (...given: Given) =>
      watch(call(), () => perform(...given))
  const write = (closes: boolean): Call => (closes ? 'tombstone' : (WRITES[writes++] ?? 'release'))
  return {
    ...store,
    records: {
      ...records,
      create: watched(() => 'create', records.create),
      read: watched(() => 'read', records.read),
      replace: (id, version, next) => watch(write(next.closed !== undefined), () => records.replace(id, version, next)),
    },
    memberships: {
      ...memberships,
      join: watched(() => 'join', memberships.join),
      leave: watched(() => 'leave', memberships.leave),
      channels: watched(() => 'channels', memberships.channels),
    },
    ...(commit && { commit: watched(() => write(false), commit) }),
  }
}

/** What the writes of a message are, in their order. */
const WRITES: readonly Call[] = ['claim', 'commit', 'release']
