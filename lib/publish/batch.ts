import { type Ask, persist } from './attempts.ts'
import type { Published, Publisher } from './publisher.ts'

/** A service that takes several entries in a request. */
export interface Service<Entry, Parcel> {
  /** What an entry is sent as. Throws for one that the service would refuse. */
  readonly pack: (entry: Entry) => Packed<Parcel>
  readonly ask: Ask<Parcel>
  /** What the parcels of a request may count for together. */
  readonly maxBytes: number
  /** Whether what is given first arrives first. */
  readonly isOrdered: boolean
}

export interface Packed<Parcel> {
  readonly parcel: Parcel
  /** By the service's own way of counting. */
  readonly bytes: number
}

/**
 * Publish entries in as few requests as their number and their bytes allow. One that the service would refuse is thrown
 * before anything is sent.
 */
export const inBatches =
  <Entry, Parcel>({ pack, ask, maxBytes, isOrdered }: Service<Entry, Parcel>): Publisher<Entry>['publish'] =>
  async (entries, chance) => {
    const batches = cut(entries.map(pack), maxBytes)
    const published: (readonly Published[])[] = []
    // Lanes that take from one row: a request has its own copy of what it carries.
    const row = batches.entries()
    const lane = async () => {
      for (const [place, batch] of row) published[place] = await persist(ask, batch, chance)
    }
    await Promise.all(Array.from({ length: isOrdered ? 1 : LANES }, lane))
    return published.flat()
  }

/** Cut a row of parcels into requests. */
const cut = <Parcel>(row: readonly Packed<Parcel>[], maxBytes: number): readonly (readonly Parcel[])[] => {
  const batches: Parcel[][] = []
  let last: Parcel[] = []
  let sum = 0
  for (const { parcel, bytes } of row) {
    if (batches.length === 0 || last.length === MAX_ENTRIES || sum + bytes > maxBytes) {
      last = []
      sum = 0
      batches.push(last)
    }
    last.push(parcel)
    sum += bytes
  }
  return batches
}

/** API references of PutEvents, SendMessageBatch and PublishBatch: each of them takes ten. */
const MAX_ENTRIES = 10
/** Requests at a time. */
const LANES = 8
