import type { EventObject } from 'xstate'
import type { Machine } from '../../lib/protocol/machine.ts'
import type { ConnectionRecord, StoredState } from '../../lib/store/store.ts'

/** Where each event leads. One that leads to its own state leaves it as it is. */
const GRAPH: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  anon: { auth: 'authed', after: 'expired' },
  authed: { join: 'joined', ping: 'authed' },
  joined: { send: 'joined', vote: 'voted', leave: 'authed', kick: 'authed' },
  voted: { send: 'voted', kick: 'authed' },
  expired: {},
}

/**
 * A protocol whose context is the list of what has happened, so that any state tells how it came about: `by:type` for
 * each event that changed it.
 */
export const toy = (version = 'toy@1'): Machine => ({
  name: 'toy',
  version,
  start: () => ({ state: stateOf('anon'), due: [], actions: [] }),
  can: (state, { type }) => !state.done && leadsTo(state, type) !== undefined,
  next: ({ state, due }, event) => {
    const after = follow(state, entryOf(event)) ?? state
    // A delay belongs to the state that started it.
    return { state: after, due: after === state ? due : [], actions: [] }
  },
  accepts: (state) => Object.keys(GRAPH[nameOf(state)] ?? {}),
  snapshot: (state) => state,
  // A version knows the ones before it, and none that came after.
  migrate: ({ state, due }, older = '') => {
    const moved = older < version ? follow(state, `${version}:migrated`) : undefined
    return moved && { state: moved, due }
  },
  description: () => undefined,
})

/** The state to which an entry of the list leads; `undefined` where the protocol has no such way. */
export const follow = (state: StoredState, entry: string): StoredState | undefined => {
  const type = entry.slice(entry.indexOf(':') + 1)
  const value = type === 'migrated' ? nameOf(state) : leadsTo(state, type)
  if (value === undefined || state.done) return undefined
  return value === nameOf(state) && type !== 'migrated' ? state : stateOf(value, [...traceOf(state), entry])
}

export const stateOf = (value: string, trace: readonly string[] = []): StoredState => ({
  value,
  context: trace,
  ...(value === 'expired' && { done: true as const }),
})

/** A connection of this protocol in a state that it came to before. */
export const recordIn = (value: string, more: Partial<ConnectionRecord> = {}): ConnectionRecord => ({
  version: 1,
  connectedAt: 0,
  ttl: 9_999,
  machine: 'toy@1',
  state: stateOf(value),
  ...more,
})

// A cast, because every state here is made by `stateOf`.
export const traceOf = ({ context }: StoredState) => context as readonly string[]
export const nameOf = ({ value }: StoredState) => String(value)

/** Who may be in the channel: whoever has joined. */
export const permits = (state: StoredState | undefined) =>
  state !== undefined && (state.value === 'joined' || state.value === 'voted')

const leadsTo = (state: StoredState, type: string): string | undefined => GRAPH[nameOf(state)]?.[type]

/** A deadline is by nobody. */
const entryOf = ({ type, ...more }: EventObject) => `${'by' in more ? more.by : ''}:${type}`
