import { need, needFunctions, needKeys } from '../mistakes.ts'
import type { CloudEvent, Published, Publisher, Refused } from './publisher.ts'

export interface MemoryOptions<Entry> {
  /** The publisher that it stands in for: its entries, its checks and its limits. @default CloudEvents as they are */
  readonly like?: Publisher<Entry>
  /** What becomes of an entry that a test wants refused. `undefined` for one that is taken. */
  readonly refuse?: (entry: Entry) => Refusal | undefined
}

/** As a service would say it. */
export type Refusal = Omit<Refused, 'ok'>

/** A publisher that keeps what it is given. */
export interface MemoryPublisher<Entry> extends Publisher<Entry> {
  /** What was published, oldest first. Empty it by `entries.length = 0`. */
  readonly entries: Entry[]
}

/**
 * Keep events in an array, for tests and laptops: nothing leaves this process.
 *
 * ```ts
 * import { memory } from 'ws-interlock/publish/memory'
 *
 * const bus = memory()
 * const app = ws().on('order', Order, publishTo(bus)).build()
 * // After a message: bus.entries[0].type === 'order'
 * ```
 *
 * By default its entries are CloudEvents, and only what is not JSON is refused. `like` makes it stand in for another
 * publisher, with the entries and the limits of that one, which is never asked to send anything:
 *
 * ```ts
 * const bus = isLocal ? memory({ like: orders }) : orders
 * ```
 *
 * The ids are `memory-1`, `memory-2` and so on. Throws a TypeError for options that are none.
 */
export function memory(options?: MemoryOptions<CloudEvent>): MemoryPublisher<CloudEvent>
export function memory<Entry>(options: MemoryOptions<Entry> & Liked<Entry>): MemoryPublisher<Entry>
export function memory<Entry>(options: MemoryOptions<Entry> = {}): MemoryPublisher<Entry> {
  needKeys('memory()', options, ['like', 'refuse'])
  // A cast: without `like` the first signature says that entries are CloudEvents.
  const { like = asTheyAre as unknown as Publisher<Entry>, refuse = () => undefined } = options
  const { entryOf, mark, check } = like
  needFunctions('memory({ like })', { entryOf, mark, check })
  need(typeof refuse === 'function', 'A function', 'memory({ refuse })')

  const entries: Entry[] = []
  let taken = 0
  const keep = (entry: Entry): Published => {
    const refusal = refuse(entry)
    if (refusal) return { ok: false, ...refusal }
    entries.push(entry)
    return { ok: true, id: `memory-${++taken}` }
  }
  return {
    entries,
    publish: async (given) => {
      for (const entry of given) check(entry)
      return given.map(keep)
    },
    entryOf,
    mark,
    check,
  }
}

type Liked<Entry> = Required<Pick<MemoryOptions<Entry>, 'like'>>

const asTheyAre: Omit<Publisher<CloudEvent>, 'publish'> = {
  entryOf: (event) => event,
  // The event says it all itself.
  mark: (event) => event,
  check: (event) => {
    // Throws a TypeError for what refers to itself, and for a BigInt.
    need(JSON.stringify(event) !== undefined, 'An event that is JSON', 'memory()')
  },
}
