import { countOf, exceeds, latestOf, seatsOf } from '../channel/presence.ts'
import { fits, type Via } from '../flow/deliver.ts'
import type { Plan } from '../flow/plan.ts'
import type { StorePorts } from '../store/store.ts'
import { keepIn, memoryOf } from './presence-memory.ts'
import { idOf, spread } from './spread.ts'

/** A channel, and what it takes to tell its members something. */
export interface Stage {
  readonly plan: Plan
  readonly ports: StorePorts
  readonly via: Via
  readonly channel: string
}

/**
 * Tell the members of a channel of users who came or left, or now say something else; where many are present, only how
 * many.
 *
 * What is told is what is there by now, and once it is told it is looked at again: of two instances that tell of one user
 * at once the later word may be the older one. What has changed meanwhile is told too, so the last word is the right one.
 *
 * One at a time tells in this process; what others have to tell meanwhile goes out with its next word. A post that finds
 * nobody there ends that connection, and this has to be told, by who is telling already: it cannot be waited for here.
 */
export const tell = async (stage: Stage, keys: readonly string[]): Promise<void> => {
  const { queues } = memoryOf(stage)
  const queue = queues.get(stage.channel)
  const waiting = queue ?? new Map<string, number>()
  for (const key of keys) waiting.set(key, 0)
  if (queue) return
  queues.set(stage.channel, waiting)
  const failures: unknown[] = []
  while (waiting.size > 0) await tellSome(stage, waiting).catch((error: unknown) => failures.push(error))
  queues.delete(stage.channel)
  if (failures.length > 0) throw failures[0]
}

/** Whether this instance knows that so many are present that only their number is told. */
export const isCounted = (stage: Stage): boolean =>
  (memoryOf(stage).quietUntil.get(stage.channel) ?? 0) > stage.plan.clock.now()

const tellSome = async (stage: Stage, waiting: Map<string, number>): Promise<void> => {
  const some = [...waiting].slice(0, MAX_KEYS)
  for (const [key] of some) waiting.delete(key)
  if (isCounted(stage)) return
  if (await exceeds(stage.ports.memberships, stage.channel, MAX_SINGLY)) return tellCount(stage)
  const standing = () =>
    Promise.all(some.map(async ([key]) => latestOf(await seatsOf(stage.ports.memberships, stage.channel, key))))
  const said = await standing()
  await say(stage, {
    joined: said.flatMap((noted) => (noted ? [{ key: noted.key, meta: noted.meta }] : [])),
    left: some.flatMap(([key], index) => (said[index] ? [] : [key])),
  })
  const now = await standing()
  for (const [index, [key, times]] of some.entries())
    if (JSON.stringify(now[index]?.meta) !== JSON.stringify(said[index]?.meta) || !now[index] !== !said[index])
      if (times < MAX_TIMES && !waiting.has(key)) waiting.set(key, times + 1)
}

/**
 * In each window of time one instance reads how many are present, and says so. The more they are, the more windows it
 * takes for itself.
 */
const tellCount = async (stage: Stage): Promise<void> => {
  const { plan, ports, channel } = stage
  const window = Math.floor(plan.clock.now() / WINDOW_MS)
  const claim = async (of: number) => (await ports.blobs?.claim(`presence/${channel}/${of}`, CLAIM_SECONDS)) ?? true
  const keepQuiet = (windows: number) => keepIn(memoryOf(stage).quietUntil, channel, (window + windows) * WINDOW_MS)
  // At once: what comes in while this asks need not ask too.
  keepQuiet(1)
  if (!(await claim(window))) return
  const count = await countOf(ports.memberships, channel)
  const windows = Math.min(MAX_WINDOWS, Math.max(1, Math.ceil(count / MAX_PER_WINDOW)))
  keepQuiet(windows)
  await Promise.all(Array.from({ length: windows - 1 }, (_, index) => claim(window + 1 + index)))
  await say(stage, { joined: [], left: [], count })
}

const say = async ({ plan, ports, via, channel }: Stage, update: object): Promise<void> => {
  const id = idOf(plan)
  const frame = plan.codec.push('$presence', { channel, ...update }, id)
  await fits(plan, frame)
  await spread({ plan, ports, via, channel, frame, id, except: new Set(), signal: undefined })
}

/** With more present, each one that comes is a message to all of them: their number is told, from time to time. */
const MAX_SINGLY = 500
const WINDOW_MS = 2_000
/** Each of those present costs a post: with ten times as many, the number is told a tenth as often. */
const MAX_PER_WINDOW = 5_000
const MAX_WINDOWS = 30
/** Longer than all windows that are claimed ahead, with clocks that differ by a while. */
const CLAIM_SECONDS = 120
/** Keys in a frame, and how often one is told again because it has changed meanwhile. */
const MAX_KEYS = 64
const MAX_TIMES = 3
