type Listener = (data: unknown) => void

/** Who listens to which push, and what has come before. */
export interface Pushes {
  /** One has come. A broadcast that came before, on this connection or another, is dropped. */
  readonly came: (event: string, data: unknown, id?: string) => void
  readonly on: (event: string, listener: Listener) => () => void
  /** Called when no more will come. */
  readonly ends: Set<() => void>
  /** Why no more will come; `undefined` while some may. */
  readonly over: () => Promise<Error> | undefined
}

/** `attempt`: call what is the user's. */
export const makePushes = (attempt: (run: () => void) => void, over: Pushes['over']): Pushes => {
  const listeners = new Map<string, Set<Listener>>()
  const seen = new Set<string>()
  return {
    ends: new Set(),
    over,
    came: (event, data, id) => {
      if (id !== undefined) {
        if (seen.has(id)) return
        seen.add(id)
        if (seen.size > MAX_SEEN) seen.delete(seen.keys().next().value ?? '')
      }
      for (const listener of [...(listeners.get(event) ?? [])]) attempt(() => listener(data))
    },
    on: (event, listener) => {
      // A function of its own, so that one listener can listen twice.
      const own: Listener = (data) => listener(data)
      const all = listeners.get(event) ?? new Set()
      listeners.set(event, all.add(own))
      return () => void all.delete(own)
    },
  }
}

/** Of broadcasts that a queue says, and of those around a change of connections. */
const MAX_SEEN = 512
