interface Slot {
  readonly slot: number
  /** Of the message that it was last taken for. */
  readonly id: string | undefined
  /** Which frame of the message, where its codec writes several. */
  readonly part: number
  readonly endAt: number
  isTaken: boolean
}

interface Waiting {
  readonly id: string | undefined
  readonly part: number
  readonly go: ((slot: number) => void)[]
}

/**
 * The eight places at the server in which frames wait for their pieces. One is free again when its message was answered,
 * and `ttlMs` after it was taken in any case: then the server has forgotten its pieces. Whoever finds none waits for his
 * turn.
 */
export const slots = ({ ttlMs, now }: { readonly ttlMs: number; readonly now: () => number }) => {
  /** The one that was taken first in front. */
  const all: Slot[] = Array.from({ length: 8 }, (_, slot) => ({ slot, ...NOBODY, endAt: 0, isTaken: false }))
  const line: Waiting[] = []
  let timer: unknown
  let watched: Slot | undefined

  const put = (its: Slot, { id, part }: Pick<Slot, 'id' | 'part'>): number => {
    all.splice(all.indexOf(its), 1)
    all.push({ slot: its.slot, id, part, endAt: now() + ttlMs, isTaken: true })
    return its.slot
  }
  /** Free what is over, and let go who waits for it. */
  const look = (): void => {
    for (const its of all) if (its.endAt <= now()) its.isTaken = false
    for (const waiting of [...line]) {
      const free = all.find(({ isTaken }) => !isTaken)
      if (!free) break
      line.shift()
      const slot = put(free, waiting)
      for (const go of waiting.go) go(slot)
    }
    watch()
  }
  /** One timer, for the oldest, and only while somebody waits. It keeps no process alive. */
  const watch = () => {
    const oldest = line.length > 0 ? all[0] : undefined
    if (watched === oldest) return
    clearTimeout(timer as never)
    watched = oldest
    if (!oldest) return
    const over = () => {
      // Whatever the clock says: it may have been set back meanwhile.
      oldest.isTaken = false
      watched = undefined
      look()
    }
    timer = setTimeout(over, Math.min(oldest.endAt - now(), ttlMs, MAX_TIMER_MS))
    // Where timers are numbers there is nothing to keep alive.
    Object(timer).unref?.()
  }
  return {
    /** At hand, or once it is free. The same message takes what it had, and waits once, however often it is sent. */
    take: (id: string | undefined, part = 0): number | Promise<number> => {
      look()
      const isSame = (its: Pick<Slot, 'id' | 'part'>) => id !== undefined && its.id === id && its.part === part
      const found = all.find(isSame) ?? (line.length === 0 && all.find(({ isTaken }) => !isTaken))
      if (found) return put(found, { id, part })
      const waiting = line.find(isSame) ?? { id, part, go: [] }
      if (waiting.go.length === 0) line.push(waiting)
      const turn = new Promise<number>((resolve) => waiting.go.push(resolve))
      watch()
      return turn
    },
    free: (id: string): void => {
      for (const its of all) if (its.id === id) its.isTaken = false
      look()
    },
    /** Free all of them: another connection has places of its own. */
    clear: (): void => {
      for (const its of all) its.isTaken = false
      look()
    },
    look,
  }
}

const NOBODY = { id: undefined, part: 0 }
/** A longer one would be through at once. */
const MAX_TIMER_MS = 2_147_483_647
