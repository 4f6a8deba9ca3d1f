type Listener = (data: unknown) => void

/** Who listens to which push, and what has come before. */
export interface Pushes {
  /** One has come. A broadcast that came before, on this connection or another, is dropped. */
  readonly came: (event: string, data?: unknown, id?: string) => void
  readonly on: (event: string, listener: Listener) => () => void
  /** Called when no more will come. */
  readonly ends: Set<() => void>
  /** Why no more will come; `false` while some may. */
  readonly over: () => Promise<Error> | false
}

/** What a listener throws is told to `onError`, and keeps nobody else from listening. */
export const makePushes = (onError: (error: unknown) => void, over: Pushes['over']): Pushes => {
  const listeners = new Map<string, Set<Listener>>()
  const seen = new Set<string>()
  return {
    ends: new Set(),
    over,
    came: (event, data, id) => {
      if (id !== undefined) {
        if (seen.has(id)) return
        seen.add(id)
        if (seen.size > MAX_SEEN) seen.delete([...seen][0] ?? '')
      }
      for (const listener of [...(listeners.get(event) ?? [])])
        try {
          listener(data)
        } catch (error) {
          onError(error)
        }
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
