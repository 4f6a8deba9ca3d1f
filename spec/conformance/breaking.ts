import type { Memberships, Records, Store } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'

/** A store with one flaw, and a claim of the suite that must see it. */
export interface Broken {
  readonly flaw: string
  readonly seenBy: string
  readonly store: () => Store
}

/** Some functions of a store. */
interface Exchanged {
  readonly records?: Partial<Records>
  readonly memberships?: Partial<Memberships>
  readonly blobs?: Partial<Blobs>
}

export type Blobs = NonNullable<Store['blobs']>

/** A good store, some of whose functions are exchanged. `breaks` is given the good ones. */
export const but = (breaks: (good: Whole) => Exchanged) => (): Store => {
  const good = whole()
  const { records, memberships, blobs } = breaks(good)
  return {
    ...good,
    records: { ...good.records, ...records },
    memberships: { ...good.memberships, ...memberships },
    blobs: { ...good.blobs, ...blobs },
  }
}

/** A store that has all that a store may have. */
export interface Whole extends Store {
  readonly memberships: Required<Memberships>
  readonly blobs: Blobs
}

export const whole = (): Whole => {
  const { memberships, blobs, ...rest } = memory()
  const { note, shards, grow } = memberships
  if (!note || !shards || !grow || !blobs) throw new TypeError('memory() has lost its notes, shards or blobs.')
  return { ...rest, memberships: { ...memberships, note, shards, grow }, blobs }
}

export const pause = () => new Promise((resolve) => setImmediate(resolve))
