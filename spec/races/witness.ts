import type { ConnectionRecord, MembershipChanges, StoredState } from '../../lib/store/store.ts'
import { type Course, type Invocation, isAlive } from './invocation.ts'
import type { Protocol } from './protocols.ts'
import { type Point, textOf } from './reference.ts'
import { answerIn, untruth } from './truth.ts'

/** What a message asks, or the server. */
export interface Asked {
  readonly type: string
  readonly id: string
  readonly fails: boolean
  readonly raises: boolean
}

/** What was seen of an invocation. */
export interface Seen extends Invocation {
  readonly kind: 'message' | 'dispatch' | 'farewell'
  readonly asked: Asked
  /** How many states had been committed when it arrived. */
  since: number
  /** It arrived after the end. */
  late: boolean
  /** The state that its handler ran in, and whether nobody else's might run with it. */
  began: Point | undefined
  exclusive: boolean
  ended: 'well' | 'badly' | undefined
  readonly raised: string[]
  committed: boolean
  /** The codes of what its peer was told. `OK` is one. */
  readonly told: string[]
  /** It has held the connection. */
  claimed: boolean
  /** It is through. */
  over: boolean
}

/** Sees every write, every handler and every frame of a race, and says what is wrong with it. */
export class Witness {
  readonly wrongs: string[] = []
  readonly committed: Point[]
  readonly members = new Set<string>()
  record: ConnectionRecord | undefined
  /** Posts meet a 410. */
  gone = false
  readonly #protocol: Protocol
  readonly #course: Course
  readonly #whole: boolean
  /** Of memberships in several writes nothing more can be asked. */
  #excused: boolean
  readonly #running = new Set<Seen>()
  readonly #applied: Seen[] = []

  /** `whole`: states and memberships are stored together, so that they are to agree at any time. */
  constructor(protocol: Protocol, start: Point, course: Course, whole: boolean) {
    this.#whole = whole
    this.#excused = !whole && !course.mortal
    this.#protocol = protocol
    this.#course = course
    this.committed = [start]
  }

  get now(): Point {
    return this.committed.at(-1) as Point // There is one from the start.
  }

  get applied(): readonly Seen[] {
    return this.#applied
  }

  arrived(seen: Seen): void {
    seen.since = this.committed.length - 1
    seen.late = this.record?.closed !== undefined
  }

  /** A handler begins, and was shown a snapshot. */
  began(seen: Seen, snapshot: { value: unknown; context: unknown; status: string }): void {
    const { type } = seen.asked
    const text = textOf(snapshot)
    const points = this.committed.slice(seen.since).filter((one) => one.text === text)
    const point = points.at(-1)
    if (seen.late) this.#wrong(seen, 'ran a handler for a message that came after the end')
    if (!point) this.#wrong(seen, `ran a handler in ${text}, which was not the state at any time of its life`)
    if (!point) return
    if (!point.can(type)) this.#wrong(seen, `ran a handler in ${text}, which does not allow '${type}'`)
    seen.began = point
    // A delay that starts anew in the very moment in which it started changes nothing; in any other one it does.
    const changes =
      points.every((one) => one.step(type).to !== one) || (seen.claimed && point.step(type).started.length > 0)
    seen.exclusive = changes || this.#protocol.exclusive.includes(type)
    // Functions that outlive their time have nothing to go by; then there are two handlers, and one commit.
    if (!seen.exclusive || !this.#course.mortal) return
    for (const other of this.#running)
      if (isAlive(this.#course, other)) this.#wrong(seen, `ran its handler beside that of ${other.name}`)
    this.#running.add(seen)
  }

  ended(seen: Seen, ended: 'well' | 'badly'): void {
    seen.ended = ended
    this.#running.delete(seen)
  }

  /** A write was applied. */
  wrote(seen: Seen, next: ConnectionRecord, changes?: MembershipChanges): void {
    const before = this.record
    this.record = next
    if (!before) return
    if (next.version !== before.version + 1) this.#wrong(seen, `made version ${next.version} of ${before.version}`)
    if (next.claim && next.claim.token !== before.claim?.token) seen.claimed = true
    if (before.closed || next.closed) {
      if (!next.closed || next.claim || stored(next) !== stored(before)) this.#wrong(seen, 'wrote after the end')
    } else if (lastToken(before) !== lastToken(next)) this.#commit(seen, next)
    else if (stored(next) !== stored(before) || due(next) !== due(before)) this.#lapse(seen, before, next)
    for (const channel of changes?.leave ?? []) this.member(seen, channel, false)
    for (const channel of changes?.join ?? []) this.member(seen, channel, true)
    this.#permitted(seen)
  }

  /** A membership begins or ends. */
  member(seen: Seen, channel: string, joined: boolean): void {
    if (joined) this.members.add(channel)
    else this.members.delete(channel)
    // A call that is on its way for longer than its function could live finds nobody's claim. In one write it is fenced.
    if (joined && !this.#whole && seen.fault?.lands === 'later') this.#excused = true
    if (joined && this.record?.closed) this.#wrong(seen, `joined '${channel}' after the end`)
    if (joined && seen.exclusive && !seen.committed) this.#wrong(seen, `joined '${channel}' before its commit`)
    this.#permitted(seen)
  }

  /** A frame leaves for the peer. */
  posted(seen: Seen, frame: unknown): void {
    const code = answerIn(frame)
    if (code) seen.told.push(code)
    const untrue = untruth(this, seen, frame)
    if (untrue) this.#wrong(seen, untrue)
  }

  /** All is over. What nobody has heard of by now is lost. */
  rest(all: readonly Seen[]): void {
    for (const seen of all) {
      if (!isAlive(this.#course, seen)) continue
      if (!seen.over) this.#wrong(seen, 'hangs')
      if (seen.kind === 'message' && seen.told.length !== 1 && !this.gone)
        this.#wrong(seen, `was answered ${seen.told.length} times`)
    }
  }

  #commit(seen: Seen, next: ConnectionRecord): void {
    const { asked, raised, began, ended, exclusive } = seen
    const first = seen.kind === 'dispatch' || !exclusive ? [] : [asked.type]
    const events = seen.kind === 'dispatch' ? [asked.type] : [...first, ...raised]
    if (seen.kind === 'message' && ended !== 'well') this.#wrong(seen, 'committed what no handler has earned')
    if (seen.committed) this.#wrong(seen, 'committed twice')
    if (exclusive && began && began.text !== this.now.text) this.#wrong(seen, 'committed on another state')
    if (asked.id && this.#applied.some((other) => other.asked.id === asked.id))
      this.#wrong(seen, `applied '${asked.id}' once more`)
    const joinsLater = !this.#whole && this.#protocol.joins[asked.type] !== undefined
    if (next.claim && !joinsLater) this.#wrong(seen, 'committed and kept its claim')
    seen.committed = true
    this.#applied.push(seen)
    let point = this.now
    for (const type of events) {
      if (!point.can(type)) this.#wrong(seen, `committed '${type}' in ${point.text}, which does not allow it`)
      point = point.step(type).to
    }
    this.#follow(seen, [point], next, `by ${events}`)
  }

  /** Delays that are over are applied in their order, each at its own time; how many, the writer's clock decides. */
  #lapse(seen: Seen, before: ConnectionRecord, next: ConnectionRecord): void {
    const nowMs = this.#course.nowMs + seen.skewMs
    const ways: Point[] = []
    let point = this.now
    let running = [...(before.due ?? [])]
    for (;;) {
      const [first, ...later] = running.sort((a, b) => a.at - b.at)
      if (!first || first.at > nowMs) break
      const { to, started } = point.lapse(first.event)
      const begun = started.map(({ event, delayMs }) => ({ event, at: first.at + delayMs }))
      const left = later.filter(({ event }) => to.running.includes(event) && !begun.some((one) => one.event === event))
      running = [...left, ...begun]
      point = to
      ways.push(point)
    }
    this.#follow(seen, ways, next, 'by its delays')
  }

  #follow(seen: Seen, ways: readonly Point[], next: ConnectionRecord, how: string): void {
    const point = ways.find(({ text, running }) => text === stored(next) && String(running) === due(next))
    if (point) this.committed.push(point)
    else this.#wrong(seen, `stored ${stored(next)} [${due(next)}] after ${this.now.text}, where no way leads ${how}`)
  }

  #permitted(seen: Seen): void {
    if (this.#excused || this.record?.closed) return
    for (const channel of this.members) {
      const state = this.#protocol.members[channel]
      if (state !== undefined && this.now.value !== state)
        this.#wrong(seen, `left a member of '${channel}' in ${this.now.text}`)
    }
  }

  #wrong({ name }: Seen, what: string): void {
    this.wrongs.push(`${name} ${what}`)
  }
}

const stored = ({ state }: ConnectionRecord): string => {
  const { value, context, done } = state as StoredState // Every record of a protocol has one.
  return textOf({ value, context, status: done ? 'done' : 'active' })
}

/** The attempt that committed last. */
const lastToken = ({ done = [] }: ConnectionRecord): string | undefined => done.at(-1)?.split(' ')[0]

const due = ({ due: delays = [] }: ConnectionRecord): string => String(delays.map(({ event }) => event).sort())
